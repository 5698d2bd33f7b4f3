//! Writing a source text with all its mutants in it, each behind its switch.

use std::cmp::Reverse;
use std::ops::Range;

use super::site::{Form, Site};

/// A rewritten source.
#[derive(Debug, Default)]
pub struct Rewritten {
    /// The text.
    pub text: String,
    /// What in it belongs to which mutants.
    places: Vec<Place>,
}

/// Bytes of a rewritten text that exist because of mutants.
#[derive(Debug)]
struct Place {
    range: Range<usize>,
    mutants: Vec<u32>,
}

impl Rewritten {
    /// The mutants to blame for a mistake in these bytes: the one whose code they are, or all that
    /// stand around them most closely.
    pub fn blamed(&self, bytes: &Range<usize>) -> &[u32] {
        let around = self
            .places
            .iter()
            .filter(|place| place.range.start <= bytes.start && bytes.end <= place.range.end);
        let closest = around.min_by_key(|place| place.range.len());
        closest.map_or(&[], |place| &place.mutants)
    }

    /// The mutants that lie in these bytes.
    pub fn between(&self, bytes: &Range<usize>) -> Vec<u32> {
        let inside = self
            .places
            .iter()
            .filter(|place| bytes.start <= place.range.start && place.range.end <= bytes.end);
        inside.flat_map(|place| &place.mutants).copied().collect()
    }
}

/// Rewrites a source; `on` is the path of the function that tells whether a mutant is on.
pub fn rewrite(source: &str, sites: &[Site], on: &str) -> Rewritten {
    let mut ordered: Vec<&Site> =
        sites.iter().filter(|site| !site.alternatives.is_empty()).collect();
    // What is put in at a point comes before what begins there; what is around before what is in.
    ordered.sort_by_key(|site| {
        (site.range.start, !site.range.is_empty(), Reverse(site.range.end), site.form as u8)
    });
    let mut writer = Writer { source, on, out: Rewritten::default() };
    writer.write(0..source.len(), &ordered);
    writer.out
}

struct Writer<'s> {
    source: &'s str,
    on: &'s str,
    out: Rewritten,
}

impl Writer<'_> {
    fn write(&mut self, range: Range<usize>, mut sites: &[&Site]) {
        let mut at = range.start;
        while let Some((site, rest)) = sites.split_first() {
            self.copy(at..site.range.start);
            let inner = rest.iter().take_while(|next| next.range.start < site.range.end).count();
            let (inner, rest) = rest.split_at(inner);
            self.site(site, inner);
            (at, sites) = (site.range.end, rest);
        }
        self.copy(at..range.end);
    }

    fn site(&mut self, site: &Site, inner: &[&Site]) {
        let start = self.out.text.len();
        let on = self.on;
        match site.form {
            Form::Expression => {
                self.say("(");
                for one in &site.alternatives {
                    self.say(&format!("if {on}({}) {{ ", one.id));
                    self.noted(one.id, &one.code);
                    self.say(" } else ");
                }
                self.say("{ ");
                self.write(site.range.clone(), inner);
                self.say(" })");
            }
            Form::Statement => {
                let off: Vec<String> =
                    site.alternatives.iter().map(|one| format!("!{on}({})", one.id)).collect();
                self.say(&format!("if {} {{ ", off.join(" && ")));
                self.write(site.range.clone(), inner);
                self.say(" }");
            }
            Form::Body => {
                for one in &site.alternatives {
                    self.say(&format!(" if {on}({}) {{ return ", one.id));
                    self.noted(one.id, &one.code);
                    self.say("; }");
                }
            }
            Form::Guard => {
                for one in &site.alternatives {
                    self.say(&format!(" if !{on}({})", one.id));
                }
            }
            Form::LetCondition => {
                for one in &site.alternatives {
                    self.say(&format!("!{on}({}) && ", one.id));
                }
            }
        }
        let mutants = site.alternatives.iter().map(|one| one.id).collect();
        self.out.places.push(Place { range: start..self.out.text.len(), mutants });
    }

    fn noted(&mut self, mutant: u32, code: &str) {
        let start = self.out.text.len();
        self.say(code);
        let range = start..self.out.text.len();
        self.out.places.push(Place { range, mutants: vec![mutant] });
    }

    fn copy(&mut self, range: Range<usize>) {
        self.say(self.source.get(range).unwrap_or_default());
    }

    fn say(&mut self, text: &str) {
        self.out.text.push_str(text);
    }
}
