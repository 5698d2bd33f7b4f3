//! How a batch runs: which card gets which serial, what is kept on disk when, and what is done to a
//! card that comes back.
//!
//! [`Machine`] is a pure state machine: [`Machine::ask`] says what to do, [`Machine::tell`] takes
//! what came of it. It knows cards by what can be told of them ([`Sighting`]) and work by its
//! [`Outline`]; it knows no command, no disk and no clock. [`run`] does what it says.

mod decide;
mod event;
mod machine;
mod policy;
mod record;
mod run;

pub use decide::{Holds, Identity, Sighting, Stranger};
pub use event::{Event, How, Left, Tally};
pub use machine::{Do, Machine, Outline, Start, StepKind, Told, Trouble, Wanted};
pub use policy::{Choice, LastTry, RunPolicy, SyncPolicy};
pub use record::{Check, Entry, KeyLine, Progress, Record, RecordState, Refusal, Serial};
pub use run::{
    Again, ApproachError, Arrival, CardSource, Clock, Hands, Lasting, Ledger, Observer, Replace,
    Returning, RunError, SourceError, StepReport, Titles, WorkError, Workshop, run,
};
