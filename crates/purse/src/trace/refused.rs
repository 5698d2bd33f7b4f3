//! Commands that are not understood: as much as can be said without giving a secret away.

use apdu::{CommandApdu, Malformed};
use applet_spec::{Catalogue, CommandSpec, FieldFormat};

use super::{Decoded, Decoder, fields};
use crate::{CommandError, Problem};

impl Decoder {
    /// A command that a card refuses before it looks at its state.
    pub(super) fn refused(
        &self,
        apdu: &CommandApdu<'_>,
        spec: Option<&CommandSpec>,
        error: &CommandError,
    ) -> Decoded {
        let language = self.language;
        let title = match (spec, apdu.raw().first_chunk::<4>()) {
            (Some(spec), _) => self.name(spec),
            (None, Some([cla, ins, p1, p2])) => {
                let unknown = language.pick("unknown command", "未知指令");
                format!("{unknown} {cla:02X} {ins:02X} {p1:02X} {p2:02X}")
            }
            (None, None) => {
                let bytes = fields::hex(apdu.raw());
                format!("{} {bytes}", language.pick("no command", "不是指令")).trim_end().into()
            }
        };
        let body = apdu.raw().get(4..).unwrap_or_default();
        let hides = Catalogue::carries_secret(apdu.ins());
        let malformed = matches!(error.problem, Problem::Malformed(_));
        let problem = match &error.problem {
            // Where the length byte was forgotten, the PIN's first byte stands in its place.
            Problem::Malformed(Malformed::WrongLc { .. }) if hides => {
                let (field, offset) = (error.field, error.offset);
                language.pick(
                    format!("{field} at offset {offset}: the lengths do not add up"),
                    format!("偏移 {offset} 处 {field}: 长度不符"),
                )
            }
            _ => error.in_words(language),
        };
        let mut fields = match spec {
            Some(spec) if !malformed && !hides => fields::of_command(spec, apdu, language).fields,
            _ => {
                let (offset, bytes) =
                    if malformed { (4, body) } else { (apdu.data_offset(), apdu.data()) };
                let format = if hides { FieldFormat::Secret } else { FieldFormat::Hex };
                let name = language.pick("data", "数据");
                fields::one(name, format, offset, bytes, language).into_iter().collect()
            }
        };
        // An APDU without data may be a PIN without its length byte, taken for Le.
        if !hides || !apdu.data().is_empty() {
            fields.extend(self.le(apdu));
        }
        Decoded { title, fields, problem: Some(problem) }
    }
}

/// The command that was probably meant: the one whose data is wrong, or the only one with this
/// class and instruction.
pub(super) fn likely(
    catalogue: &'static Catalogue,
    apdu: &CommandApdu<'_>,
    error: &CommandError,
) -> Option<&'static CommandSpec> {
    match error.problem {
        Problem::Length { .. } | Problem::Data(_) => catalogue.command(error.command?),
        Problem::Class(_) | Problem::Instruction(_) => None,
        Problem::Malformed(Malformed::TooShort { .. }) => None,
        Problem::Parameters(_) | Problem::Malformed(_) => {
            let mut fitting = catalogue
                .commands()
                .iter()
                .filter(|spec| spec.ins == apdu.ins() && spec.cla.contains(&apdu.cla()));
            fitting.next().filter(|_| fitting.next().is_none())
        }
    }
}
