//! Finding the sites of a source text: what the walk goes into, and what it leaves alone.
//!
//! Left alone: tests, constants and `const fn` (the switch cannot be asked there), patterns, types,
//! array lengths, attributes, macros other than `vec!`, and what only formats or wipes.

use std::collections::BTreeSet;
use std::ops::Range;

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, ExprClosure, ImplItemFn, ItemFn, ItemImpl, Signature, Stmt};

use super::constants::Constants;
use super::control;
use super::operators::{self, Settled, Text};
use super::seams;
use super::site::{Alternative, Form, Operator, Site};

/// Traits whose methods no card command depends on.
const LEFT_ALONE: &[&str] = &["Debug", "Display", "Drop", "FromStr", "Hash"];

/// The sites of a source, in the order of their beginnings, of functions that are `wanted`.
///
/// # Errors
/// What keeps the text from being Rust.
pub fn sites(
    source: &str,
    constants: &Constants,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Site>, syn::Error> {
    let file = syn::parse_file(source)?;
    let mut finder = Finder::new(source, constants, &wanted);
    finder.visit_file(&file);
    let mut sites = merged(finder.sites);
    sites.sort_by_key(|site| site.range.start);
    Ok(sites)
}

/// The names of the functions of a source that can have sites.
#[cfg(test)]
pub fn functions(source: &str) -> Result<Vec<String>, syn::Error> {
    let file = syn::parse_file(source)?;
    let names = std::cell::RefCell::new(Vec::new());
    let constants = Constants::default();
    let note = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        false
    };
    Finder::new(source, &constants, &note).visit_file(&file);
    Ok(names.into_inner())
}

/// Sites of the same expression become one.
fn merged(sites: Vec<Site>) -> Vec<Site> {
    let mut out: Vec<Site> = Vec::new();
    for site in sites {
        let same = |other: &&mut Site| other.range == site.range && other.form == site.form;
        match out.iter_mut().find(same) {
            Some(other) => other.alternatives.extend(site.alternatives),
            None => out.push(site),
        }
    }
    out
}

struct Finder<'f> {
    text: Text<'f>,
    constants: &'f Constants,
    wanted: &'f dyn Fn(&str) -> bool,
    /// Type whose methods are looked at.
    owner: Option<String>,
    /// Function that is looked at.
    function: Option<String>,
    /// Where conditions as a whole stand, and what is negated: their opposites are mutants already.
    settled: BTreeSet<(usize, usize)>,
    sites: Vec<Site>,
}

impl<'f> Finder<'f> {
    fn new(source: &'f str, constants: &'f Constants, wanted: &'f dyn Fn(&str) -> bool) -> Self {
        Self {
            text: Text(source),
            constants,
            wanted,
            owner: None,
            function: None,
            settled: BTreeSet::new(),
            sites: Vec::new(),
        }
    }

    fn add(&mut self, range: Range<usize>, form: Form, alternatives: Vec<Alternative>) {
        if let (Some(function), false) = (&self.function, alternatives.is_empty()) {
            self.sites.push(Site { range, form, function: function.clone(), alternatives });
        }
    }

    fn body(&mut self, signature: &Signature, block: &Block) {
        if signature.constness.is_some() || self.function.is_some() {
            return;
        }
        let own = signature.ident.to_string();
        let name = self.owner.as_ref().map_or(own.clone(), |owner| format!("{owner}::{own}"));
        if !(self.wanted)(&name) {
            return;
        }
        self.function = Some(name);
        let at = block.brace_token.span.open().byte_range().end;
        if !block.stmts.is_empty() {
            self.add(at..at, Form::Body, control::bodies(self.text, signature, block));
        }
        self.visit_block(block);
        self.function = None;
    }

    /// A condition of `if`, `while`, a match arm, or a closure that answers yes or no.
    fn condition(&mut self, condition: &Expr, words: &[&str]) {
        let range = condition.span().byte_range();
        if operators::has_let(condition) {
            let never = Alternative::new(Operator::Condition, self.text.of(condition), "false");
            self.add(range.start..range.start, Form::LetCondition, vec![never]);
        } else {
            // Without a wrong card it always holds, or never.
            let words: &[&str] = match (seams::is_denied(condition), seams::is_seam(condition)) {
                (true, _) => &["false"],
                (false, true) => return,
                (false, false) => words,
            };
            let found = control::forced(self.text, condition, words);
            self.add(range.clone(), Form::Expression, found);
            self.settled.insert((range.start, range.end));
        }
    }

    fn expression(&mut self, expr: &Expr) {
        let range = expr.span().byte_range();
        let settled = match self.settled.contains(&(range.start, range.end)) {
            true => Settled::Yes,
            false => Settled::No,
        };
        let found = operators::expression(self.text, self.constants, expr, settled);
        self.add(range, Form::Expression, found);
        match expr {
            Expr::If(inner) => self.condition(&inner.cond, &["false", "true"]),
            // A loop that never ends is seen by its time only.
            Expr::While(inner) => self.condition(&inner.cond, &["false"]),
            Expr::Unary(inner) if matches!(inner.op, syn::UnOp::Not(_)) => {
                let range = inner.expr.span().byte_range();
                self.settled.insert((range.start, range.end));
            }
            Expr::MethodCall(call) => {
                for closure in control::predicates(call) {
                    self.condition(&closure.body, &["false", "true"]);
                }
            }
            Expr::Match(inner) => {
                for (at, found) in control::arms(self.text, inner) {
                    self.add(at..at, Form::Guard, vec![found]);
                }
            }
            Expr::Binary(inner) => {
                let sides = [&inner.left, &inner.right];
                for side in sides.into_iter().filter(|side| !seams::is_seam(side)) {
                    let part = control::part(self.text, &inner.op, side);
                    self.add(
                        side.span().byte_range(),
                        Form::Expression,
                        part.into_iter().collect(),
                    );
                }
            }
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let of = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        if of.is_some_and(|name| LEFT_ALONE.iter().any(|left| name.ident == left)) {
            return;
        }
        let before = self.owner.replace(operators::type_name(&item.self_ty));
        visit::visit_item_impl(self, item);
        self.owner = before;
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !for_tests(&item.attrs) {
            self.body(&item.sig, &item.block);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !for_tests(&item.attrs) {
            self.body(&item.sig, &item.block);
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        // `if wrong { return Err(..); }` is the condition's affair.
        let alone = block.stmts.len() == 1;
        for stmt in &block.stmts {
            let found = control::statement(self.text, stmt, alone).into_iter().collect();
            self.add(stmt.span().byte_range(), Form::Statement, found);
            self.visit_stmt(stmt);
        }
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        match stmt {
            Stmt::Item(_) | Stmt::Macro(_) => {}
            other => visit::visit_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        if seams::is_seam(expr) {
            seams::right_part(expr).into_iter().for_each(|right| self.visit_expr(right));
            return;
        }
        match expr {
            Expr::If(inner) if seams::never_holds(&inner.cond) => {
                let other = inner.else_branch.as_ref();
                other.into_iter().for_each(|(_, branch)| self.visit_expr(branch));
                return;
            }
            Expr::Match(inner) => {
                self.expression(expr);
                self.visit_expr(&inner.expr);
                let right = |arm: &&syn::Arm| !seams::is_wrong_arm(&inner.expr, &arm.pat);
                inner.arms.iter().filter(right).for_each(|arm| self.visit_arm(arm));
                return;
            }
            _ => {}
        }
        self.expression(expr);
        visit::visit_expr(self, expr);
    }

    fn visit_expr_closure(&mut self, closure: &'ast ExprClosure) {
        self.visit_expr(&closure.body);
    }

    fn visit_expr_repeat(&mut self, array: &'ast syn::ExprRepeat) {
        self.visit_expr(&array.expr);
    }

    fn visit_expr_macro(&mut self, item: &'ast syn::ExprMacro) {
        if item.mac.path.is_ident("vec") {
            let list = Punctuated::<Expr, syn::Token![,]>::parse_terminated;
            if let Ok(elements) = list.parse2(item.mac.tokens.clone()) {
                elements.iter().for_each(|element| self.visit_expr(element));
            }
        }
    }

    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        if let syn::Pat::Guard(guarded) = pattern {
            self.condition(&guarded.guard, &["false", "true"]);
            self.visit_expr(&guarded.guard);
        }
    }

    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_item_trait(&mut self, _: &'ast syn::ItemTrait) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        path.is_ident("test")
            || path.is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|word| word.is_ident("test"))
    })
}
