//! Rules that a package keeps as a whole.

use super::Program;
use crate::diagnostic::Sink;
use crate::request::Request;

pub(super) fn check(_program: &Program, _request: &Request<'_>, _sink: &mut Sink) {}
