//! Reading a card: finding its application, its family and its files.

use std::sync::Arc;

use apdu::{DfName, ResponseApdu, StatusWord, tlv};
use applet_spec::{Directory, FileKind, FileSpec, Profile, PurseKind};
use link::CardTransport;
use purse::{FileRef, Occurrence, PurseCommand, RecordRef, SelectBy};
use terminal::CardSession;

use crate::error::CliError;

/// What was found and selected.
pub struct Selected {
    /// Whether it is an application.
    pub what: What,
    /// Its name.
    pub aid: Vec<u8>,
    /// What SELECT answered.
    pub fci: Vec<u8>,
    /// The family it looks like.
    pub profile: Option<Arc<Profile>>,
    /// Names of others that it looks like just as much.
    pub also: Vec<String>,
}

/// What was selected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An application: with purses, or of a PSAM.
    Application,
    /// The MF of a card that has none: it is not built yet, or has none that is known.
    BlankCard,
}

/// What a file holds, as far as it may be read.
pub struct FileContent {
    /// Short file identifier.
    pub sfi: u8,
    /// What the family says of it.
    pub spec: Option<FileSpec>,
    /// Whether it has records.
    pub records: bool,
    /// Its content: one piece, or one per record.
    pub pieces: Vec<Vec<u8>>,
    /// 9000, or why there is not more.
    pub status: StatusWord,
}

/// Selects the application: that of the profile, or the first the card has.
pub fn select(
    transport: &mut dyn CardTransport,
    profile: Option<Arc<Profile>>,
) -> Result<Selected, CliError> {
    let mut card = CardSession::new(transport);
    let candidates = match &profile {
        Some(profile) if builds(profile) => {
            let mut found = listed_names(&mut card)?;
            found.extend(names(&built_in()?));
            found
        }
        Some(profile) => names(std::slice::from_ref(profile)),
        None => names(&built_in()?),
    };
    let mut last = StatusWord::FILE_NOT_FOUND;
    for aid in candidates {
        match select_name(&mut card, &aid)? {
            answer if answer.status.is_ok() => {
                return application(&mut card, aid, answer.data, profile);
            }
            answer if answer.status == StatusWord::FILE_NOT_FOUND => {}
            answer => last = answer.status,
        }
    }
    if last == StatusWord::FILE_NOT_FOUND && profile.is_none() {
        // None that is known: perhaps the card lists one.
        for aid in listed_names(&mut card)? {
            let answer = select_name(&mut card, &aid)?;
            if answer.status.is_ok() {
                return application(&mut card, aid, answer.data, profile);
            }
        }
    }
    if last == StatusWord::FILE_NOT_FOUND && profile.as_deref().is_none_or(builds) {
        let master = select_master(&mut card)?;
        if master.status.is_ok() || profile.is_some() {
            let fci = master.data;
            let name = tlv::find(&fci, &[0x6F, 0x84]).ok().flatten();
            let aid = name.unwrap_or_default().to_vec();
            return Ok(Selected { what: What::BlankCard, aid, fci, profile, also: Vec::new() });
        }
    }
    let step = "SELECT of a purse or PSAM application".to_owned();
    Err(CliError::Status { step, status: last })
}

/// The selected application. Where nobody named its family, the card is asked what tells families
/// with the same name apart.
fn application(
    card: &mut CardSession<'_>,
    aid: Vec<u8>,
    fci: Vec<u8>,
    profile: Option<Arc<Profile>>,
) -> Result<Selected, CliError> {
    let (profile, also) = match profile {
        Some(profile) => (Some(profile), Vec::new()),
        None => {
            let mut alike = built_in()?;
            alike.retain(|one| one.may_be(&aid, &fci));
            let mut fitting = with_its_purses(card, alike)?.into_iter();
            (fitting.next(), fitting.map(|one| one.name.clone()).collect())
        }
    };
    Ok(Selected { what: What::Application, aid, fci, profile, also })
}

/// Those of the families whose purses the card has; all where none has just those. GET BALANCE
/// changes nothing; a purse that wants a PIN for it is there.
fn with_its_purses(
    card: &mut CardSession<'_>,
    alike: Vec<Arc<Profile>>,
) -> Result<Vec<Arc<Profile>>, CliError> {
    let mut fitting = alike.clone();
    for kind in [PurseKind::Deposit, PurseKind::Purse] {
        let has = |one: &Arc<Profile>| {
            let purses = one.application().map_or(&[][..], |application| &application.purses);
            purses.iter().any(|purse| purse.kind == kind)
        };
        if alike.iter().all(has) || !alike.iter().any(has) {
            continue;
        }
        let answer = card.exchange(&PurseCommand::GetBalance { form: 0, purse: kind })?;
        match answer.status {
            StatusWord::OK | StatusWord::SECURITY_STATUS => fitting.retain(has),
            StatusWord::WRONG_P1P2 => fitting.retain(|one| !has(one)),
            _ => {}
        }
    }
    Ok(if fitting.is_empty() { alike } else { fitting })
}

impl Selected {
    /// Says which other families the card may be of; `None` where it can be of no other.
    pub fn may_also_be(&self) -> Option<String> {
        let names = self.also.iter().map(|name| format!("{name} (--profile {name})"));
        let names: Vec<String> = names.collect();
        (!names.is_empty()).then(|| format!("may also be: {}", names.join(", ")))
    }
}

/// Whether cards of this profile are given their applications by commands.
fn builds(profile: &Profile) -> bool {
    profile.rules.issuing.is_some()
}

/// Names in the directory file of the MF.
fn listed_names(card: &mut CardSession<'_>) -> Result<Vec<Vec<u8>>, CliError> {
    const DIRECTORY_FILE: u8 = 0x01;
    select_master(card)?;
    let listed = records(card, DIRECTORY_FILE)?.pieces;
    let name = |record: &Vec<u8>| {
        let found = [&[0x61, 0x4F][..], &[0x70, 0x61, 0x4F]].into_iter();
        found.filter_map(|path| tlv::find(record, path).ok().flatten()).next().map(<[u8]>::to_vec)
    };
    Ok(listed.iter().filter_map(name).collect())
}

fn select_master(card: &mut CardSession<'_>) -> Result<ResponseApdu, CliError> {
    let (by, occurrence) = (SelectBy::Fid(MASTER), Occurrence::First);
    Ok(card.exchange(&PurseCommand::Select { by, occurrence })?)
}

/// Fid of the MF.
pub const MASTER: u16 = 0x3F00;

fn built_in() -> Result<Vec<Arc<Profile>>, CliError> {
    let names = Profile::built_in_names().iter();
    Ok(names.map(|name| Profile::find(name)).collect::<Result<_, _>>()?)
}

/// Names of the applications, each once.
fn names(profiles: &[Arc<Profile>]) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for name in profiles.iter().filter_map(|one| Some(one.main_directory()?.name.clone())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn select_name(card: &mut CardSession<'_>, name: &[u8]) -> Result<ResponseApdu, CliError> {
    let name = DfName::new(name).map_err(|error| CliError::Usage(error.to_string()))?;
    let by = SelectBy::Name(name);
    Ok(card.exchange(&PurseCommand::Select { by, occurrence: Occurrence::First })?)
}

/// Reads the files of the selected application: those the family has, or else every one there is.
pub fn application_files(
    transport: &mut dyn CardTransport,
    selected: &Selected,
) -> Result<Vec<FileContent>, CliError> {
    let mut card = CardSession::new(transport);
    let application = selected.profile.as_ref().and_then(|profile| profile.main_directory());
    match application {
        Some(application) => files_of(&mut card, application),
        None => every_file(&mut card),
    }
}

/// Reads the files of the MF of a card whose family does not say which it has.
pub fn master_files(transport: &mut dyn CardTransport) -> Result<Vec<FileContent>, CliError> {
    let mut card = CardSession::new(transport);
    select_master(&mut card)?;
    every_file(&mut card)
}

/// Reads every file that a short identifier leads to.
fn every_file(card: &mut CardSession<'_>) -> Result<Vec<FileContent>, CliError> {
    let mut found = Vec::new();
    for sfi in 0x01..=0x1E {
        found.extend(discover(card, sfi)?);
    }
    Ok(found)
}

/// Reads the files of another directory of the family; `None` where the card does not have it.
pub fn directory_files(
    transport: &mut dyn CardTransport,
    directory: &Directory,
) -> Result<Option<Vec<FileContent>>, CliError> {
    let mut card = CardSession::new(transport);
    let response = if directory.name.is_empty() {
        let by = SelectBy::Fid(directory.fid);
        card.exchange(&PurseCommand::Select { by, occurrence: Occurrence::First })?
    } else {
        select_name(&mut card, &directory.name)?
    };
    if !response.status.is_ok() {
        return Ok(None);
    }
    files_of(&mut card, directory).map(Some)
}

fn files_of(
    card: &mut CardSession<'_>,
    directory: &Directory,
) -> Result<Vec<FileContent>, CliError> {
    directory.files.iter().map(|spec| known(card, spec)).collect()
}

/// Reads a file the family has.
pub fn known(card: &mut CardSession<'_>, spec: &FileSpec) -> Result<FileContent, CliError> {
    let records = !matches!(spec.kind, FileKind::Binary { .. });
    let mut content = FileContent {
        sfi: spec.sfi,
        spec: Some(spec.clone()),
        records,
        pieces: Vec::new(),
        status: StatusWord::OK,
    };
    if records {
        read_records(card, &mut content)?;
    } else {
        read_binary(card, &mut content)?;
    }
    Ok(content)
}

/// Reads whatever file has this identifier; `None` where there is none.
fn discover(card: &mut CardSession<'_>, sfi: u8) -> Result<Option<FileContent>, CliError> {
    let mut content =
        FileContent { sfi, spec: None, records: false, pieces: Vec::new(), status: StatusWord::OK };
    read_binary(card, &mut content)?;
    if content.status == StatusWord::FILE_TYPE {
        content.records = true;
        content.status = StatusWord::OK;
        read_records(card, &mut content)?;
    }
    Ok(Some(content).filter(|content| content.status != StatusWord::FILE_NOT_FOUND))
}

/// Reads the records of a file nothing is known of.
pub fn records(card: &mut CardSession<'_>, sfi: u8) -> Result<FileContent, CliError> {
    let status = StatusWord::OK;
    let mut content = FileContent { sfi, spec: None, records: true, pieces: Vec::new(), status };
    read_records(card, &mut content)?;
    Ok(content)
}

fn read_binary(card: &mut CardSession<'_>, content: &mut FileContent) -> Result<(), CliError> {
    const PIECE: usize = 0x100;
    let mut bytes = Vec::new();
    loop {
        let at = bytes.len();
        // Only the first piece can name the file; it is the current one then.
        let file = if at == 0 { FileRef::Sfi(content.sfi) } else { FileRef::Current };
        let Ok(offset) = u16::try_from(at) else { break };
        let ne = Some(PIECE as u32);
        let answer = card.exchange(&PurseCommand::ReadBinary { file, offset, ne, mac: None })?;
        let wanted = matches!(answer.status, StatusWord::OK | StatusWord::END_OF_FILE);
        if !wanted {
            if at == 0 {
                content.status = answer.status;
            }
            break;
        }
        bytes.extend_from_slice(&answer.data);
        if answer.data.len() < PIECE {
            break;
        }
    }
    if content.status.is_ok() {
        content.pieces.push(bytes);
    }
    Ok(())
}

fn read_records(card: &mut CardSession<'_>, content: &mut FileContent) -> Result<(), CliError> {
    for number in 1..=u8::MAX {
        let file = FileRef::Sfi(content.sfi);
        let record = RecordRef::Number(number);
        let ne = Some(0x100);
        let answer = card.exchange(&PurseCommand::ReadRecord { file, record, ne, mac: None })?;
        match answer.status {
            StatusWord::OK => content.pieces.push(answer.data),
            StatusWord::RECORD_NOT_FOUND => break,
            other => {
                content.status = other;
                break;
            }
        }
    }
    Ok(())
}
