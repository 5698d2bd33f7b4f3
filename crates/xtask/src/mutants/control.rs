//! Operators on the way a function takes: conditions, arms, statements, bodies.

use syn::spanned::Spanned;
use syn::{
    BinOp, Block, Expr, ExprClosure, ExprMatch, ExprMethodCall, Pat, ReturnType, Signature, Stmt,
};

use super::operators::{Text, has_let};
use super::seams::{is_seam, is_wrong_arm};
use super::site::{Alternative, Operator};

/// A condition that never holds, and one that always does.
pub fn forced(text: Text<'_>, condition: &Expr, words: &[&str]) -> Vec<Alternative> {
    let before = text.of(condition);
    let written = |word: &&str| {
        let joint = if *word == "true" { "||" } else { "&&" };
        let code = format!("({before}) {joint} {word}");
        Alternative::written(Operator::Condition, before, word, code)
    };
    words.iter().map(written).collect()
}

/// One side of `&&` or `||` that does not count.
pub fn part(text: Text<'_>, op: &BinOp, side: &Expr) -> Option<Alternative> {
    let word = match op {
        BinOp::And(_) => "true",
        BinOp::Or(_) => "false",
        _ => return None,
    };
    let chained = matches!(side, Expr::Binary(inner)
        if std::mem::discriminant(&inner.op) == std::mem::discriminant(op));
    if chained || has_let(side) {
        return None;
    }
    Some(Alternative::new(Operator::Condition, text.of(side), word))
}

/// Methods whose closure answers yes or no.
const PREDICATES: &[&str] = &[
    "filter",
    "find",
    "position",
    "any",
    "all",
    "take_while",
    "skip_while",
    "retain",
    "is_some_and",
    "is_none_or",
];

/// Closures among the arguments of a call that answer yes or no.
pub fn predicates(call: &ExprMethodCall) -> impl Iterator<Item = &ExprClosure> {
    let asks = PREDICATES.iter().any(|name| call.method == name);
    call.args.iter().filter(move |_| asks).filter_map(|argument| match argument {
        Expr::Closure(closure) if !matches!(&*closure.body, Expr::Block(_)) => Some(closure),
        _ => None,
    })
}

/// Arms that can be passed over, where the last one takes anything: where to say so.
pub fn arms(text: Text<'_>, expr: &ExprMatch) -> Vec<(usize, Alternative)> {
    let Some((last, arms)) = expr.arms.split_last() else { return Vec::new() };
    if !matches!(last.pat, Pat::Wild(_)) {
        return Vec::new();
    }
    // A guard that never holds is a mutant of its own.
    let plain = arms
        .iter()
        .filter(|arm| !matches!(arm.pat, Pat::Guard(_)) && !is_wrong_arm(&expr.expr, &arm.pat));
    let passed = plain.map(|arm| {
        let passed = Alternative::new(Operator::Arm, text.of(&arm.pat), "passed over");
        (arm.pat.span().byte_range().end, passed)
    });
    passed.collect()
}

/// What a function can return at once.
pub fn bodies(text: Text<'_>, signature: &Signature, block: &Block) -> Vec<Alternative> {
    let output = match &signature.output {
        ReturnType::Default => "()".to_owned(),
        ReturnType::Type(_, output) => text.of(output).split_whitespace().collect(),
    };
    let inner = output
        .strip_prefix("Result<")
        .or_else(|| output.strip_prefix("Read<"))
        .and_then(|rest| rest.strip_suffix('>'));
    let results = match inner {
        Some(inner) => values(inner.strip_suffix(",Halt").unwrap_or(inner))
            .iter()
            .map(|value| format!("Ok({value})"))
            .collect(),
        None if output == "Outcome" => vec!["Ok(crate::application::Reply::done())".to_owned()],
        None => values(&output).iter().map(|value| (*value).to_owned()).collect(),
    };
    let inside = text.of(block).trim_matches(['{', '}']).trim();
    let new = results.into_iter().filter(|result| result != inside);
    new.map(|result| Alternative::new(Operator::Body, "body", &result)).collect()
}

fn values(output: &str) -> &'static [&'static str] {
    match output.split('<').next().unwrap_or_default() {
        "()" | "(),CommandError" | "(),NotWholeBlocks" => &["()"],
        "bool" => &["true", "false"],
        "Option" => &["None"],
        "Vec" => &["Vec::new()"],
        "u8" | "u16" | "u32" | "usize" => &["0"],
        _ => &[],
    }
}

/// A statement that is not executed: an assignment, a call, a return that is not `alone` in its
/// block.
pub fn statement(text: Text<'_>, stmt: &Stmt, alone: bool) -> Option<Alternative> {
    let Stmt::Expr(expr, Some(_)) = stmt else { return None };
    let called = |expr: &Expr| matches!(expr, Expr::Call(_) | Expr::MethodCall(_));
    let removable = match expr {
        Expr::Assign(_) => true,
        Expr::Binary(binary) => text.of(&binary.op).ends_with('='),
        other if is_seam(other) => false,
        Expr::Try(inner) => called(&inner.expr),
        Expr::Return(_) => !alone,
        other => called(other),
    };
    removable.then(|| {
        let before = text.of(stmt);
        Alternative::new(Operator::Statement, before, "nothing")
    })
}
