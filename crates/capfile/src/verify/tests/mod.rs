//! Valid packages are accepted, with and without export files; changed ones are refused, or the
//! change is shown to be harmless.

mod accepted;
mod bytecode;

mod corpus;
mod harmless;
mod hostile;
mod made;

mod mutants;
mod rules;
mod walk;
mod words;
