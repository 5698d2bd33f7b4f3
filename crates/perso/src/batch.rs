//! A batch as it is worked with: job, profiles and cards, checked as a whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use applet_spec::{Custody, Profile};
use purse::issuing::{Choices, Sequence};
use purse::{Date, Time};

use crate::calendar;
use crate::cards::{self, Row};
use crate::engine::Serial;
use crate::job::{CardList, Job, OnHalfDone, OnUsed, Target};
use crate::journal::Binding;
use crate::order::{self, CardOrder};
use crate::problem::{BatchErrors, Problem, of_file};
use crate::table::{self, Table};
use crate::work::deeds;

/// A batch: everything in its files is right, and every card can be made.
pub struct Batch {
    /// The job.
    pub job: Job,
    /// The family, with the job's key versions.
    pub profile: Arc<Profile>,
    /// The blank cards that cards of the family are built on; none for virtual cards.
    pub blank: Option<Arc<Profile>>,
    /// The cards, in their order.
    pub rows: Vec<Row>,
    /// When its open trips began.
    moment: (Date, Time),
    by_serial: BTreeMap<Serial, usize>,
    job_bytes: Vec<u8>,
    card_bytes: Vec<u8>,
}

/// The blank cards that are meant where the job names none.
const BLANK: &str = "fmcos-blank";
/// Most bytes of a job file.
const LONGEST_JOB: usize = 256 * 1024;

impl Batch {
    /// Reads the files of a batch. `now` is the time, in seconds since 1970 (UTC).
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn load(path: &Path, now: u64) -> Result<Self, BatchErrors> {
        let job_bytes = read(path, LONGEST_JOB, "a job file is a text of a few lines")?;
        let job = Job::parse(&job_bytes, path)?;
        let card_bytes = match &job.cards {
            CardList::File(path) => {
                read(path, table::LONGEST, "check the name in the job file's `cards`")?
            }
            CardList::Count(count) => count.to_string().into_bytes(),
        };
        Self::assemble(job, job_bytes, card_bytes, now)
    }

    /// Puts a batch together from what its files hold.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn assemble(
        job: Job,
        job_bytes: Vec<u8>,
        card_bytes: Vec<u8>,
        now: u64,
    ) -> Result<Self, BatchErrors> {
        let (profile, blank) = profiles(&job)?;
        let rows = match &job.cards {
            CardList::Count(count) => cards::of_count(&job, *count)?,
            CardList::File(path) => {
                let table = Table::parse(&card_bytes, &path.display().to_string())?;
                cards::of_table(&job, &table)?
            }
        };
        let by_serial = rows.iter().enumerate().map(|(at, row)| (row.serial, at)).collect();
        let moment = job.transactions.moment.unwrap_or_else(|| calendar::bcd(now));
        let batch = Self { job, profile, blank, rows, moment, by_serial, job_bytes, card_bytes };
        batch.check()?;
        Ok(batch)
    }

    /// When and where transactions of the batch happen.
    pub fn moment(&self) -> (Date, Time) {
        self.moment
    }

    /// Its open trips began with the journal, at `seconds` since 1970 (UTC), whenever its cards are
    /// made and checked: a card of one run is as another one orders it. A moment in the job stays.
    pub fn began_at(&mut self, seconds: u64) {
        self.moment = self.job.transactions.moment.unwrap_or_else(|| calendar::bcd(seconds));
    }

    /// The serials, in the order of the cards.
    pub fn serials(&self) -> Vec<Serial> {
        self.rows.iter().map(|row| row.serial).collect()
    }

    /// The row of a serial.
    pub fn row(&self, serial: Serial) -> Option<&Row> {
        self.rows.get(*self.by_serial.get(&serial)?)
    }

    /// A card to be made.
    ///
    /// # Errors
    /// A serial that is none of the batch.
    pub fn order(&self, serial: Serial) -> Result<CardOrder, BatchErrors> {
        let none = || {
            let place = &self.job.profile_place;
            let message = format!("no card {serial} is ordered");
            BatchErrors::from(place.problem("", message, "name a serial of the batch"))
        };
        let row = self.row(serial).ok_or_else(none)?;
        Ok(order::settle(&self.job, &self.profile, row, self.moment)?)
    }

    /// What a journal of the batch is bound to.
    pub fn binding(&self, began: u64) -> Binding {
        let profile = format!("{} {}", self.profile.name, self.profile.version);
        let blank = self.blank.as_ref().map_or("", |blank| blank.text.as_str());
        let texts = [self.profile.text.as_str(), blank];
        Binding::new(&self.job.name, &profile, &self.job_bytes, &self.card_bytes, &texts, began)
    }

    /// Everything that could stop a run is told before it begins.
    fn check(&self) -> Result<(), BatchErrors> {
        /// Nobody reads more.
        const MOST: usize = 100;
        let mut problems = Vec::new();
        self.check_erasing(&mut problems);
        if let (Target::Fmcos, Some(blank)) = (self.job.target, &self.blank) {
            let serial = self.rows.first().map_or(self.profile.serial, |row| row.serial.0);
            let choices = Choices::default();
            if let Err(error) = Sequence::of(&self.profile, &serial, blank, &choices) {
                let mend = "take a family that such cards can become, or target = \"virtual\"";
                problems.push(self.job.profile_place.problem("profile", error.to_string(), mend));
            }
        }
        if self.profile.application().is_none() {
            let message = format!("{} has no purse application", self.profile.name);
            let mend = "name the family that the cards are to be";
            problems.push(self.job.profile_place.problem("profile", message, mend));
        }
        for row in &self.rows {
            if problems.len() >= MOST {
                break;
            }
            let settled = order::settle(&self.job, &self.profile, row, self.moment);
            let test = self.job.verify.transaction;
            match settled {
                Err(found) => problems.extend(found),
                Ok(order) if self.job.target == Target::Fmcos => {
                    problems.extend(deeds(&order, test).err().unwrap_or_default());
                }
                Ok(_) => {}
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
    }

    /// Only lab cards are erased: whoever holds their keys can make them again.
    fn check_erasing(&self, problems: &mut Vec<Problem>) {
        if self.profile.custody == Custody::Lab || self.job.target == Target::Virtual {
            return;
        }
        let policy = &self.job.policy;
        for (erases, key) in [
            (policy.used == OnUsed::Erase, "on-used"),
            (policy.half_done == OnHalfDone::Erase, "on-half-done"),
        ] {
            if erases {
                let message = format!("{} is not under lab custody", self.profile.name);
                let mend = "take it out: only lab cards are erased";
                problems.push(self.job.profile_place.problem(key, message, mend));
            }
        }
    }
}

fn profiles(job: &Job) -> Result<(Arc<Profile>, Option<Arc<Profile>>), BatchErrors> {
    let find = |name: &str| {
        Profile::find(name).map_err(|errors| BatchErrors::from(errors.problems().to_vec()))
    };
    let profile = find(&job.profile)?;
    let blank = match job.target {
        Target::Virtual => None,
        Target::Fmcos => Some(find(job.blank.as_deref().unwrap_or(BLANK))?),
    };
    Ok((Arc::new(order::with_key_versions(&profile, &job.keys)), blank))
}

fn read(path: &Path, most: usize, mend: &str) -> Result<Vec<u8>, BatchErrors> {
    let origin = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| of_file(&origin, error.to_string(), mend))?;
    Ok(bytes)
}
