//! Personalisation batches (批量个人化): plan, run, verify, resume, report.

#![warn(clippy::indexing_slicing)]

pub mod batch;
pub mod calendar;
pub mod cards;
pub mod cost;
pub mod engine;
pub mod job;
pub mod journal;
pub mod order;
pub mod plan;
mod problem;
pub mod report;
mod table;
pub mod work;

pub use problem::{BatchErrors, Place, Problem};
