//! The wrong cards that come with the program.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use applet_spec::text;

use super::{WrongCard, WrongError};

/// Names and texts, in the order of the names.
const TEXTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/wrong-cards.rs"));

/// The wrong cards that come with the program, in the order of their names.
///
/// # Panics
/// Where one of them is not valid, which a test of this crate excludes.
pub fn shelf() -> &'static [Arc<WrongCard>] {
    static READ: LazyLock<Vec<Arc<WrongCard>>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| match WrongCard::parse(
            text,
            &format!("{name}.toml (built in)"),
        ) {
            Ok(card) => Arc::new(card),
            Err(error) => unreachable!("the shelf is read by a test: {error}"),
        };
        TEXTS.iter().map(read).collect()
    });
    &READ
}

/// Finds a wrong card the way `--with wrong:NAME` names it: one of the shelf, or a path (anything
/// with a `/` or `\` in it or with `.toml` at its end).
///
/// # Errors
/// There is none, or its file is wrong.
pub fn find(name: &str) -> Result<Arc<WrongCard>, WrongError> {
    if name.contains(['/', '\\']) || name.ends_with(".toml") {
        return WrongCard::read(Path::new(name)).map(Arc::new);
    }
    let found = shelf().iter().find(|card| card.name == name);
    found.cloned().ok_or_else(|| {
        let near = text::nearest(name, shelf().iter().map(|card| card.name.as_str()));
        WrongError::Unknown { name: name.to_owned(), near: near.map(str::to_owned) }
    })
}

/// The shelf as a page of the documentation.
pub fn page() -> String {
    let mut out = HEAD.to_owned();
    let mut family = "";
    let mut cards: Vec<&WrongCard> = shelf().iter().map(Arc::as_ref).collect();
    cards.sort_by_key(|card| (card.rule.split('.').next().unwrap_or_default(), &card.name));
    for card in cards {
        let own = card.rule.split('.').next().unwrap_or_default();
        if own != family {
            family = own;
            out += &format!("\n## {family}\n\n{COLUMNS}");
        }
        let made = match (card.deviation.is_some(), card.changes_profile()) {
            (true, false) => "deviation",
            (false, true) => "profile",
            _ => "deviation and profile",
        };
        let seen = card.seen_as.as_deref().unwrap_or_default();
        let seen_zh = card.seen_as_zh.as_deref().unwrap_or_default();
        let WrongCard { name, title, title_zh, rule, profiles, .. } = card;
        let profiles = profiles.join(", ");
        out += &format!(
            "| `{name}` | {title}<br>{title_zh} | {seen}<br>{seen_zh} | `{rule}` | {made} | \
             {profiles} |\n"
        );
    }
    out
}

const HEAD: &str = "\
# Wrong cards (错误卡)

Made from `tests/wrong-cards/` by `UPDATE_DOCS=1 cargo test -p emulator --test wrong`; edit those files.

A wrong card breaks one rule on purpose and keeps all others. `purse emulate --with wrong:NAME` and
`--card virtual:PROFILE --with wrong:NAME` make one; several `wrong:` make a card that is wrong in several
ways. What is wrong is told on stderr, in `status`, and in the name of the card; it is never kept in an
image. A card that has to be wrong from its making is a fresh one and is kept in no file.

A file of your own works too: `--with wrong:./mine.toml`.

```toml
name = \"type-06-everywhere\"
title = \"The TAC covers type 06 in every transaction.\"
title-zh = \"TAC 计算中的交易类型总是 06。\"
rule = \"tac.fields\"
profiles = [\"pboc\", \"jtt978\"]
deviation = \"tac-type-fixed\"

# Laid over the profile, like a profile that extends it.
[profile.rules]
log-serial = \"before\"
```

| key | | meaning |
|---|---|---|
| `name` | required | small letters, digits and hyphens |
| `title` | required | what it does wrong, in one sentence |
| `title-zh` | required | the same in Chinese |
| `rule` | required | the rule that it breaks: family, dot, rule |
| `profiles` | required | names of the profiles that it can be of |
| `deviation` | this or `profile` | what the card system does that it should not: the name of any card below whose column says `deviation` |
| `profile` | this or `deviation` | what differs in the profile, as in a profile that extends it |
| `seen-as` | | what a terminal or its operator sees |
| `seen-as-zh` | | the same in Chinese |
";

const COLUMNS: &str = "\
| name | what it does wrong | seen as | rule | by | profiles |
|---|---|---|---|---|---|
";
