//! A command of whatever set the card understands.

use apdu::{Case, CommandApdu, CommandBuf, Malformed};
use applet_spec::{Catalogue, CommandId, CommandSpec, Mismatch, Rules};

use super::cursor::Fields;
use super::{CommandError, Expected, IssuingCommand, Problem, PsamCommand, PurseCommand};

/// A command, valid in itself. Whether the card accepts it depends on the card's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What purse cards understand; PSAMs share some of it.
    Purse(PurseCommand),
    /// What only PSAMs understand.
    Psam(PsamCommand),
    /// What builds and keys a card.
    Issuing(IssuingCommand),
}

impl Command {
    /// Reads a command of the set that `rules` name.
    ///
    /// # Errors
    /// [`CommandError`]: what is wrong, where, and the status word a card answers.
    pub fn parse(apdu: &CommandApdu<'_>, rules: &Rules) -> Result<Self, CommandError> {
        Self::parse_with(Catalogue::of(rules.commands), apdu, rules).map(|(_, command)| command)
    }

    /// Reads a command of a catalogue and gives its entry too.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with<'c>(
        catalogue: &'c Catalogue,
        apdu: &CommandApdu<'_>,
        rules: &Rules,
    ) -> Result<(&'c CommandSpec, Self), CommandError> {
        let spec = find(catalogue, apdu)?;
        let mut fields = Fields { spec, apdu, rest: apdu.data(), rules };
        let command = if let Some(command) = fields.purse_command()? {
            Self::Purse(command)
        } else if let Some(command) = fields.psam_command()? {
            Self::Psam(command)
        } else if let Some(command) = fields.issuing_command()? {
            Self::Issuing(command)
        } else {
            // Every entry of a catalogue is one of the three kinds.
            return Err(instruction(apdu));
        };
        fields.finish()?;
        Ok((spec, command))
    }

    /// Its entry in the catalogue.
    pub fn id(&self) -> CommandId {
        match self {
            Self::Purse(command) => command.id(),
            Self::Psam(command) => command.id(),
            Self::Issuing(command) => command.id(),
        }
    }

    /// The command as an APDU, with the Le that a caller normally sends.
    pub fn to_apdu(&self) -> CommandBuf {
        match self {
            Self::Purse(command) => command.to_apdu(),
            Self::Psam(command) => command.to_apdu(),
            Self::Issuing(command) => command.to_apdu(),
        }
    }
}

impl PurseCommand {
    /// Reads a command of purse cards.
    ///
    /// # Errors
    /// [`CommandError`]: what is wrong, where, and the status word a card answers.
    pub fn parse(apdu: &CommandApdu<'_>, rules: &Rules) -> Result<Self, CommandError> {
        let catalogue = Catalogue::of(applet_spec::CommandSet::Purse);
        match Command::parse_with(catalogue, apdu, rules)? {
            (_, Command::Purse(command)) => Ok(command),
            _ => Err(instruction(apdu)),
        }
    }
}

impl From<PurseCommand> for Command {
    fn from(command: PurseCommand) -> Self {
        Self::Purse(command)
    }
}

impl From<PsamCommand> for Command {
    fn from(command: PsamCommand) -> Self {
        Self::Psam(command)
    }
}

impl From<IssuingCommand> for Command {
    fn from(command: IssuingCommand) -> Self {
        Self::Issuing(command)
    }
}

/// The entry of a well-formed APDU whose class, instruction, parameters and length are right.
fn find<'c>(
    catalogue: &'c Catalogue,
    apdu: &CommandApdu<'_>,
) -> Result<&'c CommandSpec, CommandError> {
    let error =
        |command, field, offset, problem| Err(CommandError { command, field, offset, problem });
    if let Case::Malformed(why) = apdu.case() {
        let (field, offset) = match why {
            Malformed::TooShort { length } => ("header", length),
            Malformed::WrongLc { .. } => ("Lc", 4),
        };
        return error(None, field, offset, Problem::Malformed(why));
    }
    let [cla, ins, p1, p2] = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
    let found = apdu.data().len();
    match catalogue.find(cla, ins, p1, p2, found) {
        Ok(spec) => Ok(spec),
        Err(Mismatch::Class) => error(None, "CLA", 0, Problem::Class(cla)),
        Err(Mismatch::Instruction) => Err(instruction(apdu)),
        Err(Mismatch::Parameters(id)) => error(Some(id), "P1 P2", 2, Problem::Parameters([p1, p2])),
        Err(Mismatch::Length(id)) => {
            let expected = Expected::Data(Catalogue::entry(id).lc.clone());
            error(Some(id), "Lc", 4, Problem::Length { expected, found })
        }
    }
}

fn instruction(apdu: &CommandApdu<'_>) -> CommandError {
    let problem = Problem::Instruction(apdu.ins());
    CommandError { command: None, field: "INS", offset: 1, problem }
}
