//! Flows against cards and PSAMs that are not there: what is charged, written, refused, recovered.

mod flows;
mod lab;
