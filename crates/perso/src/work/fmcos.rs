//! Native cards built by FMCOS commands: the issuing sequence, then what brings the card into its
//! state, with the check in between.

use std::sync::Arc;

use apdu::StatusWord;
use applet_spec::{Custody, Profile};
use crypto::custody::KeyCustody;
use purse::issuing::{CardKey, Choices, Sequence, Step, TransportKey, Verdict};
use purse::{FileRef, Language, PurseCommand};

use super::reach::expected;
use super::survey::survey;
use super::talk::refused;
use super::transact::{PinTries, Shown, select};
use super::verify::{Expected, Stage, Verifier};
use super::{CardKeys, Deed, Moment, Talk, TalkError, Teller, deeds, identify};
use crate::batch::Batch;
use crate::engine::{
    Again, ApproachError, CardSource, Check, Holds, KeyLine, LastTry, Outline, Serial, Sighting,
    Start, StepKind, StepReport, Titles, Trouble, WorkError, Workshop,
};
use crate::order::CardOrder;

/// Builds native cards by commands.
pub struct FmcosWorkshop<'w> {
    batch: &'w Batch,
    blank: &'w Profile,
    custody: &'w dyn KeyCustody,
    moment: Moment,
    last_try: LastTry,
    work: Option<Work>,
    /// Commands sent that no step has told of.
    untold: u32,
    /// The card that is in is known by nothing: it told neither UID nor serial.
    nameless: bool,
}

/// The work on one card.
struct Work {
    order: Arc<CardOrder>,
    sequence: Sequence,
    deeds: Vec<Deed>,
    erase: u32,
}

impl<'w> FmcosWorkshop<'w> {
    /// For the cards of a batch, with the keys of `custody`; transactions happen at `moment`.
    ///
    /// # Errors
    /// A batch without a profile of blank cards.
    pub fn new(
        batch: &'w Batch,
        custody: &'w dyn KeyCustody,
        moment: Moment,
        last_try: LastTry,
    ) -> Result<Self, WorkError> {
        let blank = batch.blank.as_deref().ok_or_else(|| {
            WorkError::Order("the job names no profile of blank cards".to_owned())
        })?;
        Ok(Self { batch, blank, custody, moment, last_try, work: None, untold: 0, nameless: false })
    }

    /// The steps of an order, as a plan lists them.
    ///
    /// # Errors
    /// A family that blank cards cannot become, or a state that they cannot be brought into.
    pub fn outline_of(&mut self, order: CardOrder) -> Result<Outline, WorkError> {
        let work = self.work_on(Arc::new(order), &Choices::default())?;
        let outline = work.outline();
        self.work = Some(work);
        Ok(outline)
    }

    fn work_on(&self, order: Arc<CardOrder>, choices: &Choices) -> Result<Work, WorkError> {
        let wrong = |text: String| WorkError::Order(text);
        let sequence = Sequence::of(&order.profile, &order.serial.0, self.blank, choices)
            .map_err(|error| wrong(error.to_string()))?;
        let deeds = deeds(&order, self.batch.job.verify.transaction)
            .map_err(|problems| wrong(crate::BatchErrors::from(problems).to_string()))?;
        let erase = sequence.erasure().and_then(|at| u32::try_from(at).ok()).ok_or_else(|| {
            wrong(format!("no step of the issuing of {} erases the card", order.profile.name))
        })?;
        Ok(Work { order, sequence, deeds, erase })
    }

    fn work(&self) -> Result<&Work, WorkError> {
        let none = || WorkError::Order("no card is under work".to_owned());
        self.work.as_ref().ok_or_else(none)
    }

    fn approach_blank(&self, talk: &mut Talk<'_>) -> Result<u32, ApproachError> {
        let work = self.work()?;
        let steps = work.sequence.steps();
        let erase = work.erase as usize;
        for step in steps.iter().take(erase) {
            match self.take(talk, step, Again::Maybe) {
                Ok(Verdict::Done | Verdict::Refused) => {}
                // Erased and not built further: its key file comes next.
                Ok(Verdict::DoneBefore) => return Ok(work.erase + 1),
                Err(error) => return Err(not_blank(error)),
            }
        }
        Ok(work.erase)
    }

    /// A used card is erased under the key that it should have by what it tells, or else under that
    /// of a blank card.
    fn approach_used(&mut self, talk: &mut Talk<'_>) -> Result<u32, ApproachError> {
        let order = self.work()?.order.clone();
        if self.batch.profile.custody != Custody::Lab {
            let text = "only lab cards are erased, and the profile's keys are no lab keys";
            return Err(WorkError::Order(text.to_owned()).into());
        }
        let mut refusal = None;
        for present in self.candidates(talk)? {
            let choices = Choices { present, ..Choices::default() };
            self.work = Some(self.work_on(order.clone(), &choices)?);
            match self.approach_blank(talk) {
                Err(ApproachError::NotThisCard { why, last_try: false }) => refusal = Some(why),
                done => return done,
            }
        }
        let why = refusal.unwrap_or_else(|| "no key for it is known".to_owned());
        Err(ApproachError::NotThisCard { why, last_try: false })
    }

    fn candidates(&self, talk: &mut Talk<'_>) -> Result<Vec<TransportKey>, ApproachError> {
        let profile = &self.batch.profile;
        let mut out = Vec::new();
        let master = profile.directories.first();
        let key = master.and_then(|d| d.keys.iter().find(|key| key.index == 0x00).map(|k| (d, k)));
        if let (Some(application), Some((master, key))) = (profile.application(), key) {
            talk.ask(select(application)?)?;
            let file = FileRef::Sfi(Profile::PUBLIC_SFI);
            let read = PurseCommand::ReadBinary { file, offset: 0, ne: Some(0x100), mac: None };
            let public = talk.ask(read)?;
            let serial = profile.serial_in(&public.data).filter(|_| public.status.is_ok());
            if let Some(serial) = serial {
                let name = profile.custody_name(master, key);
                let factors = profile.factors_of(&serial, &public.data);
                out.push(TransportKey::Held(CardKey { name, factors }));
            }
        }
        out.push(TransportKey::blank());
        Ok(out)
    }

    /// That a card that tells nothing is the one that is as far as step `reached`: it has the master
    /// key that was derived for it. One with the key of a blank card is none that was erased. Each of
    /// the two keys is tried once, and none on the last try.
    fn prove(&self, talk: &mut Talk<'_>, reached: u32) -> Result<(), ApproachError> {
        let work = self.work()?;
        let (steps, erase) = (work.sequence.steps(), work.erase as usize);
        let own = work.sequence.own_authentication();
        let (reached, take) = (reached as usize, |at: usize, talk: &mut Talk<'_>| {
            steps.get(at).map_or(Ok(Verdict::Refused), |step| self.take(talk, step, Again::Maybe))
        });
        if reached <= erase {
            // Not erased as far as anybody knows, and no key of its own: the blank's key is asked for.
            return Ok(());
        }
        take(0, talk).map_err(not_blank)?;
        match take(own, talk) {
            Ok(Verdict::DoneBefore) if reached > own => {
                let why = "it has no master key, and the card that was begun has one".to_owned();
                return Err(ApproachError::NotThisCard { why, last_try: false });
            }
            Ok(_) => return Ok(()),
            // More than one try is left, or none.
            Err(TalkError::Trouble(Trouble::Wrong(_))) => {}
            Err(error) => return Err(not_blank(error)),
        }
        for at in 0..erase {
            take(at, talk).map_err(not_blank)?;
        }
        Err(ApproachError::Blank)
    }

    /// Brings a card to step `at` of the sequence.
    fn approach_step(&self, talk: &mut Talk<'_>, at: u32) -> Result<u32, ApproachError> {
        let work = self.work()?;
        let (total, at) = (work.issue_steps(), at as usize);
        let steps = work.sequence.resume(at);
        let lead = steps.len().saturating_sub(total.saturating_sub(at));
        for step in steps.iter().take(lead) {
            self.take(talk, step, Again::Maybe).map_err(not_blank)?;
        }
        Ok(at as u32)
    }

    /// Brings a card that may be as far as step `reached` to where it is erased.
    fn approach_erasure(&self, talk: &mut Talk<'_>, reached: u32) -> Result<u32, ApproachError> {
        let work = self.work()?;
        let total = work.issue_steps();
        let reached = (reached as usize).min(total.saturating_sub(1));
        let steps = work.sequence.restart(reached);
        let lead = steps.len().saturating_sub(total - work.erase as usize);
        for step in steps.iter().take(lead) {
            self.take(talk, step, Again::Maybe).map_err(not_blank)?;
        }
        Ok(work.erase)
    }

    /// Brings a built card to a deed. Wrong PINs begin again from the full number of tries, unless the
    /// last of them was given and only its answer lost.
    fn approach_deed(&self, talk: &mut Talk<'_>, at: u32) -> Result<u32, ApproachError> {
        let work = self.work()?;
        let Some(Deed::WrongPin { left }) = work.deed(at) else { return Ok(at) };
        let first = work.deeds.iter().position(|deed| matches!(deed, Deed::WrongPin { .. }));
        let first = work.issue_steps() + first.unwrap_or_default();
        let factors = work.order.factors();
        match (self.teller(talk, &work.order, &factors)?.restore_pin()?, left) {
            (PinTries::Full, _) => Ok(first as u32),
            (PinTries::Spent, 0) => Ok(at),
            (PinTries::Spent, _) => {
                Err(ApproachError::Trouble(refused("VERIFY", StatusWord::METHOD_BLOCKED)))
            }
        }
    }

    fn teller<'t, 'c>(
        &'t self,
        talk: &'t mut Talk<'c>,
        order: &'t CardOrder,
        factors: &'t [[u8; 8]],
    ) -> Result<Teller<'t, 'c>, WorkError> {
        let application = order.profile.application().ok_or_else(|| {
            WorkError::Order(format!("{} has no purse application", order.profile.name))
        })?;
        let keys = CardKeys { custody: self.custody, profile: &order.profile, factors };
        Ok(Teller::new(talk, keys, application, self.moment))
    }

    /// Takes a step of the sequence.
    fn take(&self, talk: &mut Talk<'_>, step: &Step, again: Again) -> Result<Verdict, TalkError> {
        let maybe = again == Again::Maybe;
        if let Some(probe) = step.probe().filter(|_| maybe)
            && talk.ask(probe)?.status.is_ok()
        {
            return Ok(Verdict::DoneBefore);
        }
        let challenge = match step.challenge() {
            Some(length) => talk.send(PurseCommand::GetChallenge { length })?,
            None => Vec::new(),
        };
        let answer = talk.ask(step.command(self.custody, &challenge)?)?;
        match step.verdict(answer.status) {
            Verdict::Done => Ok(Verdict::Done),
            Verdict::DoneBefore if maybe => Ok(Verdict::DoneBefore),
            Verdict::DoneBefore | Verdict::Refused => {
                Err(refused(&step.in_words(Language::English), answer.status).into())
            }
        }
    }

    fn deed(
        &self,
        talk: &mut Talk<'_>,
        deed: Deed,
        at: u32,
        again: Again,
    ) -> Result<StepReport, TalkError> {
        let Ok(work) = self.work() else { return Ok(StepReport::default()) };
        let order = &*work.order;
        if let Deed::Verify | Deed::CheckLock = deed {
            let before = work.deeds.iter().take(at as usize - work.issue_steps());
            let before: Vec<Deed> = before.copied().collect();
            let stage = if deed == Deed::Verify { Stage::Making } else { Stage::Made };
            return self.verify(talk, order, &before, stage);
        }
        if deed == (Deed::WrongPin { left: 0 }) && self.last_try == LastTry::Keep {
            let text = "the last try of the PIN is not spent without --force";
            return Err(Trouble::LastTry(text.to_owned()).into());
        }
        let factors = order.factors();
        let teller = self.teller(talk, order, &factors);
        let mut teller = teller.map_err(|error| Trouble::Wrong(error.to_string()))?;
        let shown = teller.perform(deed, again)?;
        let keys = CardKeys { custody: self.custody, profile: &order.profile, factors: &factors };
        report_of(&shown, &keys)
    }

    fn verify(
        &self,
        talk: &mut Talk<'_>,
        order: &CardOrder,
        before: &[Deed],
        stage: Stage,
    ) -> Result<StepReport, TalkError> {
        let purses = expected(&order.profile, before);
        let log = Some(before.iter().filter(|deed| deed.transacts()).count() as u32);
        let (custody, profile) = (self.custody, &*self.batch.profile);
        let expected = Expected { purses, log };
        let found =
            Verifier { talk, custody, profile, order, expected: &expected, stage }.check()?;
        let trouble = found.fault().map(|fault| Trouble::Wrong(format!("verification: {fault}")));
        let whole = stage == Stage::Making;
        Ok(StepReport { apdus: 0, checks: found.checks, whole, keys: found.keys, trouble })
    }
}

impl Work {
    fn outline(&self) -> Outline {
        let kind = |step: &Step| {
            if step.irreversible() { StepKind::Once } else { StepKind::Free }
        };
        let issue = self.sequence.steps().iter().map(kind);
        let steps = issue.chain(self.deeds.iter().map(|deed| deed.kind())).collect();
        let fid = self.order.profile.application().map(|application| application.fid);
        let in_application = |step: &Step| Some(step.place().directory) == fid;
        let bears = self.sequence.steps().iter().position(in_application).unwrap_or_default();
        Outline { steps, bears_serial: bears as u32, erases: Some(self.erase) }
    }

    fn issue_steps(&self) -> usize {
        self.sequence.steps().len()
    }

    fn deed(&self, at: u32) -> Option<Deed> {
        self.deeds.get((at as usize).checked_sub(self.issue_steps())?).copied()
    }
}

impl Titles for FmcosWorkshop<'_> {
    fn title(&self, at: u32, language: Language) -> String {
        let Ok(work) = self.work() else { return String::new() };
        match (work.sequence.steps().get(at as usize), work.deed(at)) {
            (Some(step), _) => step.in_words(language),
            (None, Some(deed)) => deed.in_words(language),
            (None, None) => String::new(),
        }
    }
}

impl Workshop for FmcosWorkshop<'_> {
    fn titles(&self) -> &dyn Titles {
        self
    }

    fn prepare(&mut self, serial: Serial) -> Result<Outline, WorkError> {
        let order = self.batch.order(serial);
        self.outline_of(order.map_err(|errors| WorkError::Order(errors.to_string()))?)
    }

    fn look(
        &mut self,
        source: &mut dyn CardSource,
        uid: Option<&str>,
    ) -> Result<Sighting, Trouble> {
        let mut talk = Talk::to(source.card());
        let profile = &self.batch.profile;
        let seen = identify(&mut talk, profile, uid).and_then(|mut seen| {
            survey(&mut talk, profile, self.blank, &mut seen)?;
            Ok(seen)
        });
        self.untold = talk.apdus;
        self.nameless = seen
            .as_ref()
            .is_ok_and(|seen| seen.card.uid.is_none() && !matches!(seen.holds, Holds::Card(_)));
        seen.map_err(|error| match error.trouble() {
            Ok(trouble) => trouble,
            Err(error) => Trouble::Silent(error.to_string()),
        })
    }

    fn approach(
        &mut self,
        source: &mut dyn CardSource,
        _serial: Serial,
        start: Start,
    ) -> Result<u32, ApproachError> {
        let mut talk = Talk::to(source.card());
        let built = self.work()?.issue_steps() as u32;
        let proved = match start {
            Start::At(at) | Start::From(at) if self.nameless => self.prove(&mut talk, at),
            _ => Ok(()),
        };
        let done = proved.and_then(|()| match start {
            Start::Blank => self.approach_blank(&mut talk),
            Start::Used => self.approach_used(&mut talk),
            Start::At(at) if at < built => self.approach_step(&mut talk, at),
            Start::At(at) => self.approach_deed(&mut talk, at),
            Start::From(reached) => self.approach_erasure(&mut talk, reached),
        });
        self.untold += talk.apdus;
        done
    }

    fn step(
        &mut self,
        source: &mut dyn CardSource,
        _serial: Serial,
        at: u32,
        again: Again,
    ) -> Result<StepReport, WorkError> {
        let mut talk = Talk::to(source.card());
        let work = self.work()?;
        let done = match (work.sequence.steps().get(at as usize), work.deed(at)) {
            (Some(step), _) => self.take(&mut talk, step, again).map(|_| StepReport::default()),
            (None, Some(deed)) => self.deed(&mut talk, deed, at, again),
            (None, None) => Ok(StepReport::default()),
        };
        let mut report = match done {
            Ok(report) => report,
            Err(error) => StepReport { trouble: Some(error.trouble()?), ..StepReport::default() },
        };
        report.apdus = talk.apdus + std::mem::take(&mut self.untold);
        Ok(report)
    }
}

/// What a deed showed, for the record.
fn report_of(shown: &Shown, keys: &CardKeys<'_>) -> Result<StepReport, TalkError> {
    let mut report = StepReport::default();
    let application = keys.profile.application();
    for (kind, index, how) in &shown.proved {
        let found = application.and_then(|d| d.key(*kind, *index).map(|key| (d, key)));
        if let Some((directory, key)) = found {
            let kcv = keys.key(directory, key)?.check_value(key.suite).to_string();
            let proof = Some((*how).to_owned());
            report.keys.push(KeyLine { name: key.label(directory), kcv, proof });
        }
    }
    if let Some(left) = shown.tries_left {
        let (what, what_zh) = (format!("{left} PIN tries left"), format!("PIN 剩余 {left} 次"));
        report.checks.push(Check { what, what_zh, fault: None });
    }
    Ok(report)
}

/// A card that refuses the key it should have is another one.
fn not_blank(error: TalkError) -> ApproachError {
    match error {
        TalkError::Trouble(
            trouble @ (Trouble::Refused(_) | Trouble::Wrong(_) | Trouble::LastTry(_)),
        ) => {
            let last_try = matches!(trouble, Trouble::LastTry(_));
            ApproachError::NotThisCard { why: trouble.text().to_owned(), last_try }
        }
        other => other.into(),
    }
}
