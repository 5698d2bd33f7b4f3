//! Operators on expressions. Like those of `control` and `lists`, each keeps the type where that can
//! be seen from the text; what the compiler refuses is dropped later.

use syn::spanned::Spanned;
use syn::{BinOp, Expr, Lit, Type, UnOp};

use super::constants::Constants;
use super::lists;
use super::seams::is_seam;
use super::site::{Alternative, Operator};

/// A source text, to cut pieces from.
#[derive(Clone, Copy)]
pub struct Text<'t>(pub &'t str);

impl<'t> Text<'t> {
    /// The text of a piece of syntax.
    pub fn of(self, piece: &impl Spanned) -> &'t str {
        self.0.get(piece.span().byte_range()).unwrap_or_default()
    }
}

/// Methods that have one of the same type beside them.
const METHODS: &[(&str, &str)] = &[
    ("wrapping_add", "wrapping_sub"),
    ("saturating_add", "saturating_sub"),
    ("checked_add", "checked_sub"),
    ("min", "max"),
    ("first", "last"),
    ("any", "all"),
    ("is_some", "is_none"),
    ("is_ok", "is_err"),
    ("to_be_bytes", "to_le_bytes"),
    ("from_be_bytes", "from_le_bytes"),
];

/// Methods whose answer is turned round.
const QUESTIONS: &[&str] =
    &["is_empty", "contains", "is_some_and", "is_none_or", "starts_with", "ends_with"];

/// What can stand for an expression. Where its opposite is a mutant already, `settled`, that is not
/// made again.
pub fn expression(
    text: Text<'_>,
    constants: &Constants,
    expr: &Expr,
    settled: Settled,
) -> Vec<Alternative> {
    let open = settled == Settled::No;
    let whole = text.of(expr);
    match expr {
        Expr::Binary(binary) => {
            let (left, right) = (text.of(&binary.left), text.of(&binary.right));
            let own = text.of(&binary.op);
            if has_let(expr) {
                return Vec::new();
            }
            let (operator, others) = exchanged(&binary.op);
            // Nothing is added or compared where no card is wrong.
            if operator != Operator::Logic
                && [&binary.left, &binary.right].map(|side| is_seam(side)).contains(&true)
            {
                return Vec::new();
            }
            let assigns = own.ends_with('=') && operator == Operator::Arithmetic;
            let kept = others.iter().filter(|_| open || !is_equality(&binary.op));
            kept.map(|other| {
                let code = match assigns {
                    true => format!("{left} {other} {right}"),
                    false => format!("({left}) {other} ({right})"),
                };
                let after = format!("{left} {other} {right}");
                Alternative::written(operator, whole, &after, code)
            })
            .collect()
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) && open => {
            vec![Alternative::new(Operator::Negation, whole, text.of(&unary.expr))]
        }
        Expr::Lit(literal) => self::literal(whole, &literal.lit),
        Expr::MethodCall(call) => {
            let mut out = lists::arguments(text, expr, &call.args);
            let name = call.method.to_string();
            // `all` and `any` without a closure are other methods.
            if !call.args.is_empty() || !["any", "all"].contains(&name.as_str()) {
                out.extend(renamed(text, expr, call.method.span().byte_range(), &name));
            }
            if open && QUESTIONS.contains(&name.as_str()) {
                let after = format!("!{whole}");
                out.push(Alternative::new(Operator::Negation, whole, &after));
            }
            out
        }
        Expr::Call(call) => {
            let mut out = lists::arguments(text, expr, &call.args);
            if let Expr::Path(function) = &*call.func
                && let Some(last) = function.path.segments.last()
            {
                let name = last.ident.to_string();
                if name != "all" {
                    out.extend(renamed(text, expr, last.ident.span().byte_range(), &name));
                }
            }
            out
        }
        Expr::Array(array) => lists::array(text, array),
        Expr::Path(path) => {
            let mut last = path.path.segments.iter().rev().map(|one| one.ident.to_string());
            let owned = last.next().zip(last.next());
            let another =
                owned.filter(|(_, owner)| owner != "Deviation").and_then(|(name, owner)| {
                    let another = constants.another(&owner, &name)?;
                    let head = whole.strip_suffix(name.as_str())?;
                    Some(Alternative::new(Operator::Constant, whole, &format!("{head}{another}")))
                });
            another.into_iter().collect()
        }
        Expr::Field(field) => {
            const OTHER: &str = "apdu::StatusWord::WRONG_DATA";
            let of_status = matches!(&*field.base, Expr::Field(base)
                if matches!(&base.member, syn::Member::Named(name) if name == "status"));
            let other = || Alternative::new(Operator::Constant, whole, OTHER);
            of_status.then(other).into_iter().collect()
        }
        Expr::Macro(item) if item.mac.path.is_ident("matches") && open => {
            ["true", "false"].map(|word| Alternative::new(Operator::Condition, whole, word)).into()
        }
        _ => Vec::new(),
    }
}

/// Whether the opposite of an expression is a mutant already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is a whole condition, or is negated.
    Yes,
    /// It is not.
    No,
}

/// Whether a condition binds something.
pub fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(chain) => has_let(&chain.left) || has_let(&chain.right),
        _ => false,
    }
}

/// The name of a type, without what stands before and behind it.
pub fn type_name(of: &Type) -> String {
    match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
    .unwrap_or_default()
}

fn is_equality(op: &BinOp) -> bool {
    matches!(op, BinOp::Eq(_) | BinOp::Ne(_))
}

fn exchanged(op: &BinOp) -> (Operator, &'static [&'static str]) {
    use Operator::{Arithmetic, Comparison, Logic};
    match op {
        BinOp::Eq(_) => (Comparison, &["!="]),
        BinOp::Ne(_) => (Comparison, &["=="]),
        BinOp::Lt(_) => (Comparison, &["<=", ">="]),
        BinOp::Le(_) => (Comparison, &["<", ">"]),
        BinOp::Gt(_) => (Comparison, &[">=", "<="]),
        BinOp::Ge(_) => (Comparison, &[">", "<"]),
        BinOp::And(_) => (Logic, &["||"]),
        BinOp::Or(_) => (Logic, &["&&"]),
        BinOp::Add(_) => (Arithmetic, &["-"]),
        BinOp::Sub(_) => (Arithmetic, &["+"]),
        BinOp::Mul(_) => (Arithmetic, &["+"]),
        BinOp::Div(_) | BinOp::Rem(_) => (Arithmetic, &["*"]),
        BinOp::BitAnd(_) | BinOp::BitXor(_) => (Arithmetic, &["|"]),
        BinOp::BitOr(_) => (Arithmetic, &["&"]),
        BinOp::Shl(_) => (Arithmetic, &[">>"]),
        BinOp::Shr(_) => (Arithmetic, &["<<"]),
        BinOp::AddAssign(_) => (Arithmetic, &["-="]),
        BinOp::SubAssign(_) => (Arithmetic, &["+="]),
        BinOp::BitAndAssign(_) | BinOp::BitXorAssign(_) => (Arithmetic, &["|="]),
        BinOp::BitOrAssign(_) => (Arithmetic, &["&="]),
        _ => (Arithmetic, &[]),
    }
}

fn literal(whole: &str, literal: &Lit) -> Vec<Alternative> {
    match literal {
        Lit::Bool(word) => {
            let other = (!word.value).to_string();
            vec![Alternative::new(Operator::Boolean, whole, &other)]
        }
        Lit::Int(number) => {
            let Ok(value) = number.base10_parse::<u128>() else { return Vec::new() };
            // What would not fit its type any more becomes one less.
            let full = [0xFF, 0xFFFF, 0xFFFF_FFFF].contains(&value);
            let near = if full { value - 1 } else { value.saturating_add(1) };
            let zero = (value > 0).then_some(0);
            let shown = |value: u128| {
                let number_suffix = number.suffix();
                match whole.starts_with("0x") {
                    true => format!("{value:#X}{number_suffix}").replace("0X", "0x"),
                    false => format!("{value}{number_suffix}"),
                }
            };
            let others = std::iter::once(near).chain(zero);
            others.map(|n| Alternative::new(Operator::Integer, whole, &shown(n))).collect()
        }
        _ => Vec::new(),
    }
}

fn renamed(
    text: Text<'_>,
    call: &Expr,
    name_at: std::ops::Range<usize>,
    name: &str,
) -> Option<Alternative> {
    let pair = METHODS.iter().find(|(one, other)| name == *one || name == *other)?;
    let other = if name == pair.0 { pair.1 } else { pair.0 };
    let whole = call.span().byte_range();
    let head = text.0.get(whole.start..name_at.start)?;
    let tail = text.0.get(name_at.end..whole.end)?;
    let after = format!("{head}{other}{tail}");
    Some(Alternative::new(Operator::Method, text.of(call), &after))
}
