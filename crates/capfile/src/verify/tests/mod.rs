//! Valid packages are accepted, with and without export files; changed ones are refused, or the
//! change is shown to be harmless.

mod accepted;

mod corpus;
mod harmless;

mod mutants;
mod walk;
