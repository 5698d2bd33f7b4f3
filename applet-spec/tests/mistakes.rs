//! Mistakes in a profile: each is told with its line, its key, and what to do.

use applet_spec::{Problem, Profile};
use proptest::prelude::*;

const JTT: &str = include_str!("../profiles/jtt978.toml");
const PBOC: &str = include_str!("../profiles/pboc.toml");
const BLANK: &str = include_str!("../profiles/fmcos-blank.toml");
const CJT: &str = include_str!("../profiles/cjt166.toml");
const SAM: &str = include_str!("../profiles/psam-jtt978.toml");
const SAM_CJT: &str = include_str!("../profiles/psam-cjt166.toml");

fn problems(text: &str) -> Vec<Problem> {
    match Profile::parse(text, "mine.toml") {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems().to_vec(),
    }
}

/// Line of the first occurrence, from 1.
fn line_of(text: &str, marker: &str) -> u32 {
    let at = text.find(marker).unwrap_or_else(|| panic!("{marker:?} is not in the text"));
    text[..at].matches('\n').count() as u32 + 1
}

/// A mistake: in the text, the first `from` becomes `to`; told at the line of `marker`.
struct Mistake {
    text: &'static str,
    from: &'static str,
    to: &'static str,
    marker: &'static str,
    key: &'static str,
    message: &'static str,
    mend: &'static str,
}

macro_rules! mistakes {
    ($($text:ident: $from:literal => $to:literal, at $marker:literal, $key:literal, $message:literal, $mend:literal;)*) => {
        const MISTAKES: &[Mistake] = &[$(Mistake {
            text: $text, from: $from, to: $to, marker: $marker, key: $key, message: $message, mend: $mend,
        }),*];
    };
}

mistakes! {
    // keys
    JTT: "summary = " => "sumary = ", at "sumary", "sumary", "unknown key", "did you mean \"summary\"?";
    JTT: "log-serial = " => "log_serial = ", at "log_serial", "rules.log_serial", "unknown key", "did you mean \"log-serial\"?";
    JTT: "tries = 3\nnext-state = 0x0A" => "colour = 3\nnext-state = 0x0A", at "colour", "directory[0].key[0].colour", "unknown key", "the keys here are kind, index";
    JTT: "version = \"1.0.0\"\n" => "", at "# Transport", "version", "missing key", "before the first table";
    JTT: "[chip]\nhistorical = \"'PURSEKIT'\"\n" => "[chip]\n", at "[chip]", "chip.historical", "missing key", "add `historical = ..` to this table";
    JTT: "[[directory.file]]\nsfi = 0x16\n" => "[[directory.file]] #here\n", at "[[directory.file]] #here", "directory[2].file[1].sfi", "missing key", "add `sfi = ..`";
    JTT: "kind = \"purchase\"\n" => "kind = \"purchase\"\nkind = \"load\"\n", at "kind = \"load\"\n", "", "duplicate key", "mend this line";
    // forms
    JTT: "name = \"jtt978\"" => "name = 978", at "name = 978", "name", "found a number", "write a text";
    JTT: "name = \"jtt978\"" => "name = \"JTT 978\"", at "JTT 978", "name", "not a short name", "lower-case letters";
    JTT: "counter-stops = true" => "counter-stops = \"yes\"", at "counter-stops", "rules.counter-stops", "found a text", "true or false";
    JTT: "tries = 3" => "tries = 3.5", at "tries = 3.5", "directory[0].key[0].tries", "a decimal fraction", "0 to 255";
    JTT: "[[directory.purse]]" => "[directory.purse]", at "[directory.purse]", "directory[2].purse", "found a table", "write one [[directory.purse]] per entry";
    JTT: "overdraft-type = 0x07" => "overdraft-type = 0x107", at "0x107", "rules.overdraft-type", "0x107 is out of range", "0x00 to 0xFF";
    JTT: "overdraft-type = 0x07" => "overdraft-type = 0x06", at "0x06", "rules.overdraft-type", "0x06 is no type of an overdraft update", "write 0x07";
    JTT: "kind = \"load\"\n" => "kind = \"load\"\ntries = 3\n", at "kind = \"load\"\ntries = 3\n", "directory[2].key[3].tries", "counts no tries of a load key", "rules.wrong-mac-limit";
    JTT: "custody = \"lab\"" => "custody = \"labs\"", at "\"labs\"", "custody", "\"labs\" is not known here", "did you mean \"lab\"?";
    JTT: "kind = \"tac\"" => "kind = \"mac\"", at "kind = \"mac\"", "kind", "\"mac\" is not known here", "did you mean \"tac\"?";
    JTT: "allows = [\"balance\"," => "allows = [\"ballance\",", at "allows = [\"ballance", "directory[2].purse[0].allows[0]", "not known here", "did you mean \"balance\"?";
    JTT: "name = \"A000000632010105\"" => "name = \"A00000063201010\"", at "name = \"A00000063201010\"", "directory[2].name", "odd number of hexadecimal digits", "two digits for each byte";
    JTT: "00000156 0101" => "00000156 O101", at "O101", "directory[2].file[2].content", "'O' is not a hexadecimal digit", "hexadecimal digits";
    JTT: "0310{serial}" => "0310{seriel}", at "{seriel}", "content", "{seriel} is no placeholder", "write {serial}";
    JTT: "label = \"'MOT_T_EP'\"" => "label = \"'MOT_T_EP\"", at "label = \"'MOT_T_EP\"", "label", "has no end", "close every '";
    JTT: "name = \"A000000632010105\"" => "name = \"{serial}\"", at "name = \"{serial}\"", "directory[2].name", "cannot stand here", "only file contents and factors";
    // lengths
    JTT: "serial = \"99990000 00000001\"" => "serial = \"99990000 000001\"", at "serial = \"", "serial", "7 bytes given", "exactly 8 bytes (16 hexadecimal digits)";
    CJT: "authentication-code = \"90 50520166 D40BC9AA\"" => "authentication-code = \"90 50520166\"", at "authentication-code = \"", "authentication-code", "5 bytes given", "exactly 9 bytes";
    JTT: "historical = \"'PURSEKIT'\"" => "historical = \"{55*16}\"", at "historical", "chip.historical", "16 bytes given", "at most 15 historical bytes";
    JTT: "ats = \"0D 78" => "ats = \"0E 78", at "ats = ", "chip.ats", "TL (first byte) is 0E, the ATS has 13 bytes", "write 0D as the first byte";
    JTT: "ats = \"0D 78 80 70 02 'PURSEKIT'\"" => "ats = \"03 78 80\"", at "ats = ", "chip.ats", "3 interface bytes must follow", "mend T0";
    JTT: "{00*49}" => "{00*50}", at "{00*50}", "directory[2].file[2].content", "61 bytes, the file has 60", "shorten the content";
    JTT: "\"2701 7D 01 01 00 {00*8} 00 {00*113}\"" => "\"2701 7D 01 01 00 {00*8} 00 {00*114}\"", at "{00*114}", "directory[2].file[5].content[0]", "129 bytes, a record has 128", "shorten the record";
    JTT: "record = 128\ncount = 4" => "record = 128\ncount = 1", at "content = [\n    \"2801", "directory[2].file[4].content", "2 records, the file has room for 1", "enlarge count";
    JTT: "size = 60" => "size = 40000", at "size = 40000", "size", "40000 is out of range", "write 1 to 32768";
    JTT: "record = 48\ncount = 30" => "record = 251\ncount = 200", at "record = 251", "record", "251 is out of range", "write 1 to 250";
    JTT: "record = 48\ncount = 30" => "record = 200\ncount = 200", at "[[directory]]", "directory", "a card has 32768", "smaller or fewer";
    JTT: "name = \"A000000632010105\"" => "name = \"A0000006\"", at "name = \"A0000006\"", "directory[2].name", "4 bytes given", "an AID has 5 to 16 bytes";
    JTT: "name = \"'2PAY.SYS.DDF01'\"" => "name = \"'2PAY.SYS.DDF01.LONG'\"", at "2PAY.SYS.DDF01.LONG", "directory[1].name", "19 bytes given", "1 to 16 bytes";
    JTT: "value = \"123456\"" => "value = \"12345A\"", at "12345A", "directory[2].pin.value", "not a PIN of 2 to 6 BCD bytes", "4 to 12 decimal digits";
    JTT: "value = \"123456\"" => "value = \"12\"", at "value = \"12\"", "directory[2].pin.value", "not a PIN", "4 to 12 decimal digits";
    JTT: "value = \"123456\"\ntries = 3" => "value = \"123456\"\ntries = 16", at "tries = 16", "directory[2].pin.tries", "16 is out of range", "write 1 to 15";
    JTT: "\"{serial}\"]" => "\"{serial}00\"]", at "factors = ", "factors[1]", "9 bytes", "exactly 8 bytes";
    JTT: "{public:0..8}" => "{public:28..36}", at "factors = ", "factors[0]", "beyond the public file of 30 bytes", "counts from 0";
    JTT: "{public:0..8}" => "{public:8..0}", at "factors = ", "factors[0]", "is no placeholder", "{public:0..8}";
    JTT: "\"{public:0..8}\", \"{serial}\"" => "\"{serial}\", \"{serial}\", \"{serial}\", \"{serial}\"", at "factors = ", "factors", "4 factors given", "at most 3";
    // duplicates
    JTT: "sfi = 0x17" => "sfi = 0x15", at "sfi = 0x15\ntitle = \"management", "directory[2].file[2].sfi", "0x15 is used by file[0] already", "its own sfi";
    JTT: "sfi = 0x17" => "sfi = 0x17\nfid = 0x0016", at "fid = 0x0016", "directory[2].file[2].fid", "0x0016 is used by file[1] already", "its own fid";
    JTT: "sfi = 0x17" => "sfi = 0x1F", at "sfi = 0x1F", "directory[2].file[2].sfi", "0x1F is out of range", "0x01 to 0x1E";
    JTT: "fid = 0x1001" => "fid = 0xDF02", at "fid = 0xDF02\nname = \"A0", "directory[2].fid", "used by directory[1]", "its own fid";
    JTT: "fid = 0x1001" => "fid = 0xFFFF", at "fid = 0xFFFF", "directory[2].fid", "reserved", "another fid";
    JTT: "fid = 0x3F00" => "fid = 0x3F01", at "fid = 0x3F01", "directory[0].fid", "is not the MF", "fid = 0x3F00";
    JTT: "'2PAY.SYS.DDF01'" => "'1PAY.SYS.DDF01'", at "fid = 0xDF02\nname", "directory[1].name", "the name of directory[0]", "its own name";
    JTT: "kind = \"load\"" => "kind = \"purchase\"", at "kind = \"purchase\"\nindex = 0x01\n\n[[directory.key]]\nkind = \"purchase\"\nindex", "directory[2].key[3].index", "the purchase key with index 0x01 already", "its own index";
    JTT: "{ p1 = 0x02, is = \"used\" }" => "{ p1 = 0x01, is = \"used\" }", at "{ p1 = 0x01, is = \"used\" }", "rules.balance-p1[2].p1", "listed already", "every P1 once";
    // keys and algorithms
    JTT: "kind = \"load\"" => "kind = \"unload\"", at "allows = ", "directory[2].purse[0].allows[1]", "load needs a load key", "kind = \"load\"";
    JTT: "tac-index = 0x01" => "tac-index = 0x07", at "allows = ", "allows[1]", "tac key with index 0x07", "kind = \"tac\"";
    JTT: "algorithm-id = 0x00" => "algorithm-id = 0x07", at "algorithm-id = 0x07", "rules.algorithm-id", "0x07 is not a known algorithm id", "add suite";
    JTT: "algorithm-id = 0x00" => "suite = \"aes\"", at "suite = \"aes\"", "rules.suite", "\"aes\" is not known here", "3des, sm4";
    JTT: "kind = \"load\"\n" => "kind = \"load\"\nalgorithm-id = 0x02\n", at "algorithm-id = 0x02", "directory[2].key[3].algorithm-id", "0x02 is not a known algorithm id", "add suite";
    JTT: "custody = \"lab\"" => "custody = \"sealed\"", at "lab-seed", "lab-seed", "lab keys under custody \"sealed\"", "say custody = \"lab\"";
    JTT: "lab-seed = \"pursekit lab jtt978\"\n" => "", at "# Transport", "lab-seed", "no seed to make one from", "add lab-seed";
    // references
    JTT: "[directory.log]\npurchase = 0x18" => "[directory.log]\npurchase = 0x14", at "purchase = 0x14", "directory[2].log.purchase", "no file 0x14", "add the file";
    JTT: "load = 0x18" => "load = 0x1E", at "load = 0x1E", "directory[2].log.load", "not cyclic with records of 23 bytes", "record = 23";
    JTT: "[directory.log]\npurchase = 0x18\nload = 0x18\n" => "", at "[[directory]]\nfid = 0x1001", "directory[2].log", "missing key", "add `log = ..`";
    JTT: "default-sfi = 0x1A" => "default-sfi = 0x1B", at "[[directory]]\nfid = 0x1001", "directory[2]", "default-sfi is 0x1B, there is no such file", "change default-sfi";
    JTT: "sfi = 0x15, version" => "sfi = 0x14, version", at "sfi = 0x14, version", "directory[2].fci.sfi", "no file 0x14", "add the file";
    JTT: "{ form = \"dir\", sfi = 0x01 }" => "{ form = \"dir\", sfi = 0x02 }", at "sfi = 0x02", "directory[0].fci.sfi", "no file 0x02", "form = \"bare\"";
    JTT: "label = \"'MOT_T_EP'\"\n" => "", at "form = \"ppse\"", "directory[1].fci.form", "no application to list", "a name and a label";
    JTT: "record = 48\ncount = 8\nlisting" => "record = 8\ncount = 8\nlisting", at "listing = ", "directory[0].file[0].listing", "do not fit", "enlarge record";
    JTT: "update = \"free\"\nprotection = \"mac\"\nkey-index = 0x01" => "update = \"free\"\nprotection = \"mac\"\nkey-index = 0x05", at "key-index = 0x05", "directory[0].file[0].key-index", "no maintenance key with index 0x05", "add the key";
    CJT: "content = \"0100 4100 0001 0000 01 01 01 00 {serial}" => "content = \"0100 4100 0001 0000 01 01 01 00 {public:0..8}", at "{public:0..8}", "directory[1].file[3].content", "copies from itself", "write the bytes";
    CJT: "authentication-code = \"90 50520166 D40BC9AA\"\n" => "", at "# Construction", "authentication-code", "missing key", "add `authentication-code";
    // purses
    JTT: "balance = 0" => "balance = 3000000000", at "balance = 3000000000", "directory[2].purse[0].balance", "above the maximum 2147483647", "raise maximum";
    JTT: "overdraft = 0" => "overdraft = 16777216", at "overdraft = 16777216", "directory[2].purse[0].overdraft", "out of range", "at most 16777215";
    JTT: "overdraft = 0\n" => "", at "allows = ", "directory[2].purse[0].allows", "the purse has no limit", "overdraft = 0";
    JTT: "\"capp\", \"overdraft\"]" => "\"cash\", \"overdraft\"]", at "allows = ", "directory[2].purse[0].allows[3]", "a purse has no cash", "belong to a deposit";
    JTT: "pin-for = []" => "pin-for = [\"unload\"]", at "pin-for", "directory[2].purse[0].pin-for[0]", "unload is not among allows", "remove \"unload\"";
    PBOC: "[directory.pin]\nindex = 0x00\nvalue = \"123456\"\ntries = 3\nnext-state = 0x01\n" => "", at "pin-for = [\"bal", "directory[1].purse[0].pin-for[0]", "the directory has no PIN", "add [directory.pin]";
    PBOC: "kind = \"deposit\"" => "kind = \"purse\"", at "kind = \"purse\"\nbalance = 0\nmaximum = 2147483647                # evidence: none public; the largest that readers show right\npin-for", "directory[1].purse[1].kind", "purse[0] is a purse already", "at most";
    // rules
    JTT: "challenge-lengths = [4, 8]" => "challenge-lengths = [4, 5]", at "challenge-lengths", "rules.challenge-lengths", "not the lengths", "4, 8 and 16";
    JTT: "check-order = [\"state\", \"key\"," => "check-order = [\"state\",", at "check-order", "rules.check-order", "not an order of the five", "exactly once";
    JTT: "id-width = 2" => "id-width = 3", at "id-width", "rules.capp.id-width", "out of range", "write 1 or 2";
    JTT: "wrong-state = 0x6901" => "wrong-state = 0x16901", at "wrong-state", "rules.status.wrong-state", "out of range", "status word such as 0x6A81";
    JTT: "wrong-mac-limit = \"none\"" => "wrong-mac-limit = 0", at "wrong-mac-limit", "rules.wrong-mac-limit", "would lock every card", "\"none\"";
    // PSAMs
    SAM: "serves = \"jtt978\"\n" => "", at "[psam]", "psam.serves", "missing key", "add `serves = ..`";
    SAM: "serves = \"jtt978\"" => "serves = \"jtt987\"", at "serves = ", "psam.serves", "\"jtt987\" is no built-in profile", "such as \"jtt978\"";
    SAM: "serves = \"jtt978\"" => "serves = \"psam-pboc\"", at "serves = ", "psam.serves", "has no purse application", "a card profile";
    SAM: "terminal = \"011000000001\"" => "terminal = \"0110\"", at "terminal = ", "psam.terminal", "2 bytes given", "exactly 6 bytes";
    SAM: "size = 6\n" => "size = 6\ncontent = \"000000000001\"\n", at "content = \"000000000001\"", "directory[0].file[2].content", "made of psam.terminal", "remove it";
    SAM: "size = 6\n" => "size = 5\n", at "terminal = ", "psam.terminal", "no binary file 0x16 of 6 bytes", "add the file";
    SAM: "serial-file = 0x18" => "serial-file = 0x17", at "[[directory]]\nfid = 0x8011", "directory[1]", "serial-file is 0x17, there is no such binary file of 4 bytes", "change serial-file";
    SAM: "serial-advances = \"at-8070\"" => "serial-advances = \"at-8072\"", at "serial-advances", "psam.serial-advances", "\"at-8072\" is not known here", "after-8072";
    SAM: "mac-length = 4" => "mac-length = 6", at "mac-length", "psam.mac-length", "not the length of a MAC", "write 4 or 8";
    SAM: "identification = \"none\"" => "identification = \"lab\"", at "[psam]", "psam.identification-key", "missing key", "add `identification-key";
    SAM: "identification = \"none\"" => "identification = \"list\"", at "[psam]", "psam.identification-codes", "missing key", "add `identification-codes";
    SAM: "identification = \"none\"" => "identification = \"any\"\nidentification-codes = []", at "identification-codes", "psam.identification-codes", "only the check \"list\" has it", "remove it";
    SAM_CJT: "identification = \"lab\"" => "identification = \"list\"", at "identification-key = ", "psam.identification-key", "only the check \"lab\" has it", "identification = \"lab\"";
    SAM_CJT: "identification-key = 0x09" => "identification-key = 0x08", at "identification-key = ", "psam.identification-key", "no undiversified MAC key with index 0x08", "usage = 0x06";
    SAM: "deliver = [\"tac\"," => "deliver = [\"purchase\",", at "deliver = ", "psam.deliver[0]", "CRYPT calculates nothing with a purchase key", "remove it";
    SAM: "commands = \"psam\"\n" => "", at "[psam]", "psam", "this is a card's profile", "commands = \"psam\"";
    JTT: "[rules]\n" => "[rules]\ncommands = \"psam\"\n", at "# Transport", "psam", "missing key", "add `psam";
    JTT: "[[directory.key]]\nkind = \"load\"" => "[[directory.sam-key]]\nusage = 0x06", at "[[directory.sam-key]]", "directory[2].sam-key", "a card has no keys of a PSAM", "make this a PSAM";
    SAM: "usage = 0x46" => "usage = 0x4A", at "usage = 0x4A", "directory[1].sam-key[3].usage", "purpose 0x0A of 0x4A is not known", "0x02 for purchase";
    SAM: "usage = 0x46" => "usage = 0x86", at "usage = 0x86", "directory[1].sam-key[3].usage", "means 4 levels", "at most 3";
    SAM: "usage = 0x46" => "usage = 0x66", at "usage = 0x66", "directory[1].sam-key[3].usage", "3 levels, the keys of jtt978 have 2", "or fewer";
    SAM: "usage = 0x46" => "usage = 0x06", at "usage = 0x06", "directory[1].sam-key[3].usage", "would be that of one card", "more levels";
    SAM: "usage = 0x42" => "usage = 0x02", at "usage = 0x02", "directory[1].sam-key[0].usage", "at least one level", "0x22, 0x42 or 0x62";
    SAM: "of = \"tac\"" => "of = \"tac\"\nof-index = 0x07", at "of-index = 0x07", "directory[1].sam-key[1].of-index", "jtt978 has no tac key with index 0x07", "by kind and index";
    SAM: "usage = 0x44\nindex = 0x01" => "usage = 0x44\nindex = 0x07", at "index = 0x07", "directory[1].sam-key[1].index", "jtt978 has no tac key with index 0x07", "by kind and index";
    SAM: "of = \"tac\"\n" => "of-index = 0x01\n", at "of-index = 0x01", "directory[1].sam-key[1].of-index", "belongs to a key that is `of` a card's", "add of";
    SAM: "of = \"tac\"\n" => "of = \"tac\"\nmaster = \"{00*16}\"\n", at "master = ", "directory[1].sam-key[1].master", "two origins", "keep one";
    SAM: "usage = 0x46\nindex = 0x01" => "usage = 0x45\nindex = 0x01", at "index 03.\n[[directory.sam-key]]\nusage = 0x45\nindex", "directory[1].sam-key[3].index", "sam-key[2] has this usage and index already", "its own index";
    SAM: "usage = 0x46\nindex = 0x01" => "usage = 0x42\nindex = 0x02", at "index 03.\n[[directory.sam-key]]", "directory[1].sam-key[3].version", "selected by the same version already", "give each its own";
    SAM_CJT: "index = 0x09\n" => "index = 0x09\nalgorithm-id = 0x02\n", at "algorithm-id = 0x02", "directory[1].sam-key[4].algorithm-id", "0x02 is not a known algorithm id", "add suite";
    SAM: "custody = \"lab\"" => "custody = \"sealed\"", at "lab-seed", "lab-seed", "lab keys under custody \"sealed\"", "say custody = \"lab\"";
    // cards that are built by commands
    BLANK: "commands = \"fmcos\"" => "commands = \"purse\"", at "[rules.issuing]", "rules.issuing", "does not understand the commands that build", "commands = \"fmcos\"";
    JTT: "[rules]\n" => "[rules]\ncommands = \"fmcos\"\n", at "commands = ", "rules.commands", "nothing says how such a card is delivered", "add [rules.issuing]";
    BLANK: "room = 7168" => "room = 20000", at "room = ", "rules.issuing.room", "20000 is out of range", "write 1 to 16384";
    BLANK: "room = 7168" => "room = 50", at "room = ", "rules.issuing.room", "the MF takes 96 bytes, it has 50", "enlarge it";
    BLANK: "key-file = 96" => "key-file = 20", at "key-file = ", "rules.issuing.key-file", "take 24 bytes, the file has 20", "enlarge it";
    BLANK: "erase = 0xFA" => "erase = 0xFB", at "erase = 0xFB", "rules.issuing.erase", "no key of the MF leads to the security state", "next-state within it";
    BLANK: "plain-keys = \"always\"" => "plain-keys = \"sometimes\"", at "plain-keys = ", "rules.issuing.plain-keys", "not known here", "always, building, never";
    BLANK: "key-update = \"either\"" => "key-update = \"both\"", at "key-update = ", "rules.issuing.key-update", "not known here", "either, record, value";
    BLANK: "add-key = 0xF0" => "add-key = 0x1F0", at "add-key = ", "rules.issuing.add-key", "0x1F0 is out of range", "0x00 to 0xFF";
    BLANK: "[[directory]]\nfid = 0x3F00" => "[[directory]]\nfid = 0x3F00\n[[directory]]\nfid = 0x3F01", at "[[directory]]\nfid = 0x3F01", "directory[1]", "delivered with its MF alone", "remove it";
    JTT: "kind = \"load\"\n" => "kind = \"load\"\nuse = 0xF1\n", at "use = 0xF1", "directory[2].key[3].use", "keeps no rights with its keys", "remove it";
    JTT: "update = \"free\"" => "update = 256", at "update = 256", "directory[0].file[0].update", "256 is out of range", "0x00 to 0xFF";
    // syntax
    JTT: "custody = \"lab\"" => "custody = lab", at "custody = lab", "", "TOML syntax", "values are \"text\"";
    JTT: "[rules.capp]" => "[rules.capp", at "[rules.capp", "", "TOML syntax", "mend this line";
}

#[test]
fn each_mistake_is_told_with_line_key_and_mend() {
    for m in MISTAKES {
        assert!(m.text.contains(m.from), "{:?} is not in the profile", m.from);
        let text = m.text.replacen(m.from, m.to, 1);
        let found = problems(&text);
        // A marker of several lines names its first or its last; the others tell which one is meant.
        let first = line_of(&text, m.marker);
        let last = first + m.marker.trim_end().matches('\n').count() as u32;
        let fits = |p: &Problem| {
            p.key.ends_with(m.key) && p.message.contains(m.message) && p.mend.contains(m.mend)
        };
        let Some(problem) = found.iter().find(|problem| fits(problem)) else {
            panic!(
                "{:?} -> {:?}: wanted {} / {} / {}, found {found:#?}",
                m.from, m.to, m.key, m.message, m.mend
            );
        };
        let told = problem.line.unwrap();
        assert!(told == first || told == last, "{:?}: wanted line {first}: {problem}", m.to);
        assert_eq!(problem.origin, "mine.toml");
        assert!(problem.to_string().starts_with(&format!("mine.toml:{told}:")), "{problem}");
    }
}

#[test]
fn all_mistakes_of_a_text_are_told_at_once_and_in_order() {
    let text = JTT
        .replacen("summary-zh", "sumary-zh", 1)
        .replacen("ats = \"0D", "ats = \"0E", 1)
        .replacen("size = 55", "size = 54", 1)
        .replacen("value = \"123456\"", "value = \"1234\"", 1)
        .replacen("value = \"1234\"", "value = \"ABCD\"", 1);
    let found = problems(&text);
    let keys: Vec<&str> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "summary-zh",
            "sumary-zh",
            "chip.ats",
            "directory[2].file[1].content",
            "directory[2].pin.value"
        ]
    );
}

#[test]
fn an_unusual_algorithm_id_is_fine_with_its_suite_beside_it() {
    let text = JTT.replacen("algorithm-id = 0x00", "algorithm-id = 0x07\nsuite = \"sm4\"", 1);
    let profile = Profile::parse(&text, "mine.toml").unwrap();
    assert!(profile.directories.iter().flat_map(|d| &d.keys).all(|key| key.suite.name() == "sm4"));
}

#[test]
fn a_text_of_nothing_and_of_nonsense_is_refused_in_words() {
    assert!(problems("").iter().any(|problem| problem.key == "name"));
    assert!(problems("[[[").iter().any(|problem| problem.message.contains("TOML syntax")));
    let deep = format!("{}a = 1", "a.".repeat(100_000));
    assert!(problems(&deep).iter().any(|problem| problem.message.contains("TOML syntax")));
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(problems(&deep).iter().any(|problem| problem.message.contains("TOML syntax")));
    let deep = format!("[{}a]", "a.".repeat(100_000));
    assert!(problems(&deep).iter().any(|problem| problem.message.contains("TOML syntax")));
}

#[test]
fn a_huge_text_is_refused_unread() {
    let text = format!("{JTT}\n# {}", "x".repeat(256 * 1024));
    let errors = Profile::parse(&text, "huge.toml").unwrap_err();
    assert!(errors.to_string().starts_with("huge.toml: longer than 256 KiB;"), "{errors}");
    let one = problems(&format!("{}content = [{}]", JTT, "\"{FF*4096}{FF*4096}\",".repeat(8000)));
    assert!(!one.is_empty());
}

#[test]
fn a_text_of_nothing_but_mistakes_is_answered_soon() {
    let keys: String = (0..12_000).map(|n| format!("sumary{n} = 1\n")).collect();
    let found = problems(&keys);
    assert!((10..=100).contains(&found.len()), "{}", found.len());
    assert!(!problems(&"]\n".repeat(100_000)).is_empty());
}

#[test]
fn bytes_that_are_not_utf_8_are_told_with_their_line() {
    let mut bytes = JTT.as_bytes().to_vec();
    let at = JTT.find("交通联合卡").unwrap();
    bytes[at] = 0xBD;
    let errors = Profile::parse_bytes(&bytes, "gbk.toml").unwrap_err();
    let problem = &errors.problems()[0];
    assert_eq!(problem.line, Some(line_of(JTT, "交通联合卡")));
    assert!(problem.message.contains("not UTF-8") && problem.mend.contains("GBK"), "{problem}");
}

#[test]
fn names_and_paths_are_told_apart() {
    let errors = Profile::find("jtt987").unwrap_err().to_string();
    assert!(errors.contains("jtt978") && errors.contains("pboc-sm4"), "{errors}");
    let errors = Profile::find("./no-such.toml").unwrap_err();
    assert_eq!(errors.problems()[0].line, None);
    assert!(errors.to_string().starts_with("./no-such.toml: "), "{errors}");
    assert!(Profile::find("/").is_err());
    let path = std::env::temp_dir().join(format!("pursekit-{}.toml", std::process::id()));
    std::fs::write(&path, JTT).unwrap();
    let read = Profile::find(path.to_str().unwrap());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read.unwrap(), *Profile::built_in("jtt978").unwrap());
}

#[test]
fn an_extending_text_says_only_what_differs() {
    let text = "extends = \"jtt978\"\nname = \"rich\"\nversion = \"0.1\"\n\
                [[directory]]\nfid = 0x1001\n\
                [[directory.purse]]\nkind = \"purse\"\nbalance = 5000\n\
                [[directory.file]]\nsfi = 0x06\ntitle = \"own\"\ntitle-zh = \"自有\"\n\
                kind = \"binary\"\nsize = 8\ncontent = \"{serial}\"\n\
                [rules]\nwrong-mac-limit = 3\n";
    let rich = Profile::parse(text, "rich.toml").unwrap_or_else(|errors| panic!("{errors}"));
    let base = Profile::built_in("jtt978").unwrap();
    assert_eq!((rich.name.as_str(), rich.rules.profile.as_str()), ("rich", "rich"));
    assert_eq!(rich.rules.wrong_mac_limit, Some(3));
    let (own, other) = (rich.application().unwrap(), base.application().unwrap());
    assert_eq!(own.purses[0].balance, 5000);
    assert_eq!(own.purses[0].allows, other.purses[0].allows);
    assert_eq!(own.files.len(), other.files.len() + 1);
    assert_eq!(own.keys, other.keys);
    // The kept text stands by itself.
    assert!(!rich.text.contains("extends"));
    let again = Profile::parse(&rich.text, "kept").unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(again, rich);
}

#[test]
fn mistakes_in_an_extending_text_point_at_that_text() {
    let head = "extends = \"jtt978\"\nname = \"mine\"\nversion = \"1\"\n";
    for (text, line, expected) in [
        ("extends = \"jtt979\"\n".to_owned(), 1, "is no built-in profile"),
        ("extends = 978\n".to_owned(), 1, "found a number"),
        ("extends = \"jtt978\"\nversion = \"1\"\n".to_owned(), 1, "missing key"),
        (format!("{head}[rules]\ncounter-stop = true\n"), 5, "unknown key"),
        (format!("{head}[rules]\ntac-index = true\n"), 5, "found true or false"),
        (
            format!("{head}[[directory]]\nfid = 0x1001\n[directory.log]\nload = 0x14\n"),
            7,
            "no file 0x14",
        ),
        (
            format!(
                "{head}[[directory]]\nfid = 0x1001\n{0}{0}",
                "[[directory.purse]]\nkind = \"purse\"\nallows = []\n"
            ),
            10,
            "purse[0] is a purse already",
        ),
    ] {
        let errors = Profile::parse(&text, "mine.toml").unwrap_err();
        let told = errors.problems().iter().any(|problem| {
            problem.origin == "mine.toml"
                && problem.line == Some(line)
                && problem.message.contains(expected)
        });
        assert!(told, "{text}\n{errors}");
    }
}

/// The problems lie within the text they name.
fn check_positions(text: &str) -> Result<(), TestCaseError> {
    let lines: Vec<&str> = text.split('\n').collect();
    for problem in problems(text) {
        prop_assert!(!problem.message.is_empty() && !problem.mend.is_empty());
        if problem.origin != "mine.toml" {
            continue;
        }
        let (Some(line), Some(column)) = (problem.line, problem.column) else { continue };
        prop_assert!((1..=lines.len()).contains(&(line as usize)), "{problem}");
        let length = lines[line as usize - 1].chars().count();
        prop_assert!((1..=length + 1).contains(&(column as usize)), "{problem}");
    }
    Ok(())
}

fn profile_texts() -> impl Strategy<Value = &'static str> {
    let extending = include_str!("../profiles/jtt978-sm4.toml");
    prop::sample::select(vec![JTT, PBOC, CJT, SAM, SAM_CJT, extending])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn texts_with_other_characters_never_panic(
        text in profile_texts(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}='\"a-f0-9.\n #卡-]{0,6}", 0_usize..8), 1..6),
    ) {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, insert, remove) in edits {
            let at = at.index(chars.len());
            let end = (at + remove).min(chars.len());
            chars.splice(at..end, insert.chars());
        }
        check_positions(&chars.into_iter().collect::<String>())?;
    }

    #[test]
    fn texts_with_moved_lines_never_panic(
        text in profile_texts(),
        moves in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 1..6),
    ) {
        let mut lines: Vec<&str> = text.lines().collect();
        for (from, to, keep) in moves {
            let line = if keep { lines[from.index(lines.len())] } else { lines.remove(from.index(lines.len())) };
            lines.insert(to.index(lines.len()), line);
        }
        check_positions(&lines.join("\n"))?;
    }

    #[test]
    fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Profile::parse_bytes(&bytes, "mine.toml");
    }

    #[test]
    fn numbers_of_any_size_never_panic(number in any::<i64>(), which in 0_usize..12) {
        let key = ["size", "record", "count", "sfi", "fid", "balance", "maximum", "overdraft", "index", "cache", "tries", "p1"][which];
        let text: String = JTT
            .lines()
            .map(|line| match line.split_once(&format!("{key} = ")) {
                Some(("", _)) => format!("{key} = {number}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        check_positions(&text)?;
    }
}
