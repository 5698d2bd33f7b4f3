//! Where the code of the right card asks whether to go wrong (`--with wrong:NAME`): in a card that
//! is to be right the answer is always no, and what hangs on it says nothing about the suite.

use syn::{BinOp, Expr, Pat, UnOp};

/// Methods that ask, or that do something wrong where they are told to. All are in
/// `emulator/src/native/wrong`.
const SEAMS: &[&str] = &[
    "deviates",
    "or_wrong",
    "in_order",
    "begin_wrongly",
    "keeps_wrongly",
    "lets_through",
    "lets_unblock",
    "left_open",
    "leave_open",
    "takes_unknown",
    "forgets_pin",
    "logs_wrongly",
];

/// Whether an expression is such a question, or is made of its answer alone.
pub fn is_seam(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call) => {
            SEAMS.iter().any(|name| call.method == name) || is_seam(&call.receiver)
        }
        Expr::Call(call) => call.args.len() == 1 && call.args.iter().all(is_seam),
        Expr::Try(inner) => is_seam(&inner.expr),
        Expr::Paren(inner) => is_seam(&inner.expr),
        _ => is_denied(expr),
    }
}

/// Whether it is such a question with `!` before it, which always holds.
pub fn is_denied(expr: &Expr) -> bool {
    matches!(expr, Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) && is_seam(&unary.expr))
}

/// Whether a condition holds in a wrong card only.
pub fn never_holds(condition: &Expr) -> bool {
    match condition {
        Expr::Binary(both) if matches!(both.op, BinOp::And(_)) => {
            never_holds(&both.left) || never_holds(&both.right)
        }
        other => is_seam(other) && !is_denied(other),
    }
}

/// Whether an arm is taken in a wrong card only, of a match on this.
pub fn is_wrong_arm(of: &Expr, pattern: &Pat) -> bool {
    match pattern {
        Pat::Guard(guarded) => never_holds(&guarded.guard),
        Pat::Lit(literal) => {
            is_seam(of) && matches!(&literal.lit, syn::Lit::Bool(word) if word.value)
        }
        _ => false,
    }
}

/// The part of a seam that the right card has too: `right` of `self.or_wrong(right, ..)`.
pub fn right_part(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::MethodCall(call) if call.method == "or_wrong" => call.args.first(),
        _ => None,
    }
}
