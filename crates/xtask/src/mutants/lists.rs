//! Operators on lists: parts of MAC inputs and bytes of fields that change places or are missing,
//! arguments that are taken for one another.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprArray, Token};

use super::operators::Text;
use super::site::{Alternative, Operator};

/// Neighbouring arguments that change places, and lists among the arguments that are changed. The
/// whole call is written twice, since the parts of such lists live as long as the call.
pub fn arguments(
    text: Text<'_>,
    call: &Expr,
    arguments: &Punctuated<Expr, Token![,]>,
) -> Vec<Alternative> {
    let mut out = swaps(text, call, arguments, Operator::Arguments);
    for argument in arguments {
        let Expr::Reference(reference) = argument else { continue };
        let Expr::Array(array) = &*reference.expr else { continue };
        if array.elems.iter().all(is_plain) {
            continue;
        }
        let elements: Vec<&Expr> = array.elems.iter().collect();
        for pair in elements.windows(2) {
            if let [one, other] = pair {
                out.extend(swap(text, call, one, other, Operator::Order));
            }
        }
        for element in &elements {
            out.extend(without(text, call, &array.elems, element));
        }
    }
    out
}

/// Neighbours in an array of plain values that change places.
pub fn array(text: Text<'_>, array: &ExprArray) -> Vec<Alternative> {
    if !array.elems.iter().all(is_plain) {
        return Vec::new();
    }
    swaps(text, array, &array.elems, Operator::Order)
}

fn swaps(
    text: Text<'_>,
    whole: &impl Spanned,
    list: &Punctuated<Expr, Token![,]>,
    operator: Operator,
) -> Vec<Alternative> {
    let elements: Vec<&Expr> = list.iter().collect();
    let pairs = elements.windows(2).filter_map(|pair| match pair {
        [one, other] if is_place(one) && is_place(other) => swap(text, whole, one, other, operator),
        _ => None,
    });
    pairs.collect()
}

fn swap(
    text: Text<'_>,
    whole: &impl Spanned,
    one: &Expr,
    other: &Expr,
    operator: Operator,
) -> Option<Alternative> {
    let (first, second) = (text.of(one), text.of(other));
    if first == second {
        return None;
    }
    let (all, one, other) =
        (whole.span().byte_range(), one.span().byte_range(), other.span().byte_range());
    let head = text.0.get(all.start..one.start)?;
    let between = text.0.get(one.end..other.start)?;
    let tail = text.0.get(other.end..all.end)?;
    let code = format!("{head}{second}{between}{first}{tail}");
    let (before, after) = (format!("{first}, {second}"), format!("{second}, {first}"));
    Some(Alternative::written(operator, &before, &after, code))
}

fn without(
    text: Text<'_>,
    call: &Expr,
    list: &Punctuated<Expr, Token![,]>,
    element: &Expr,
) -> Option<Alternative> {
    let (all, own) = (call.span().byte_range(), element.span().byte_range());
    let comma = list.pairs().find(|pair| pair.value().span().byte_range() == own)?;
    let end = comma.punct().map_or(own.end, |comma| comma.span.byte_range().end);
    let head = text.0.get(all.start..own.start)?;
    let tail = text.0.get(end..all.end)?;
    let before = text.of(element);
    Some(Alternative::written(Operator::Missing, before, "nothing", format!("{head}{tail}")))
}

/// A value that can be written twice without calling anything.
fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) | Expr::Lit(_) => true,
        Expr::Field(field) => is_place(&field.base),
        Expr::Reference(reference) => reference.mutability.is_none() && is_place(&reference.expr),
        _ => false,
    }
}

/// A value whose copy in another branch borrows nothing.
fn is_plain(expr: &Expr) -> bool {
    is_place(expr) && !matches!(expr, Expr::Reference(_))
}
