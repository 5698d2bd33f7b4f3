//! Record layouts: names for bytes.

use std::sync::Arc;

use super::built_in;
use crate::text::{Log, Section, words};

/// Where the fields of a file or record are (记录格式).
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Name.
    pub name: String,
    /// English title.
    pub title: String,
    /// Chinese title.
    pub title_zh: String,
    /// Bytes of the whole.
    pub length: usize,
    /// The fields, in order of their places. They may overlap.
    pub fields: Vec<Field>,
}

/// A field of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Offset.
    pub at: usize,
    /// Bytes.
    pub width: usize,
    /// How it is to be shown.
    pub form: FieldForm,
    /// Which end a shorter value is put to.
    pub align: Align,
}

/// How a field is to be shown. All are kept as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldForm {
    /// Hexadecimal digits (codes, and numbers in BCD).
    Hex,
    /// A big-endian number.
    Number,
    /// YYYYMMDD in BCD.
    Date,
    /// YYYYMMDDHHMMSS in BCD.
    Moment,
}

/// Which end of a field a shorter value is put to; the rest is 00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The last bytes.
    Right,
    /// The first bytes.
    Left,
}

words! {
    FieldForm {
        "hex" => FieldForm::Hex,
        "number" => FieldForm::Number,
        "date" => FieldForm::Date,
        "moment" => FieldForm::Moment,
    }
    Align { "right" => Align::Right, "left" => Align::Left }
}

pub(super) const LAYOUT_KEYS: &[&str] = &["name", "title", "title-zh", "length", "fields"];
pub(super) const FIELD_KEYS: &[&str] = &["at", "width", "form", "align"];

/// Longest file or record that a layout describes.
const LONGEST: u16 = 255;

impl Layout {
    /// The built-in layout of that name.
    pub fn built_in(name: &str) -> Option<&'static Arc<Self>> {
        built_in::layouts().iter().find(|layout| layout.name == name)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// Its bytes in `read`; `None` where that is too short.
    pub fn of<'b>(&self, read: &'b [u8]) -> Option<&'b [u8]> {
        read.get(self.at..self.at + self.width)
    }

    /// Puts a value of at most its width into `record`, the rest of the field 00.
    pub fn put(&self, record: &mut [u8], value: &[u8]) {
        let Some(place) = record.get_mut(self.at..self.at + self.width) else { return };
        place.fill(0);
        let free = self.width.saturating_sub(value.len());
        let skip = if self.align == Align::Left { 0 } else { free };
        for (to, from) in place.iter_mut().skip(skip).zip(value) {
            *to = *from;
        }
    }
}

pub(super) fn read(section: &Section<'_>) -> Option<Arc<Layout>> {
    let name = section.need("name");
    let title = section.need("title");
    let title_zh = section.need("title-zh");
    let length: Option<u16> = section.need("length");
    let fields = section.free_sections("fields", FIELD_KEYS);
    let length = length?;
    if !(1..=LONGEST).contains(&length) {
        let mend = format!("write 1 to {LONGEST}");
        section.wrong("length", format!("{length} is out of range"), mend);
    }
    let mut whole = true;
    let mut read = Vec::new();
    for (name, section) in fields? {
        match field(name, &section, length) {
            Some(field) => read.push(field),
            None => whole = false,
        }
    }
    if read.is_empty() && whole {
        section.missing("fields");
    }
    let (name, title, title_zh): (Option<String>, _, _) = (name, title, title_zh);
    let layout = Layout {
        name: name?,
        title: title?,
        title_zh: title_zh?,
        length: usize::from(length),
        fields: read,
    };
    whole.then(|| Arc::new(layout))
}

fn field(name: String, section: &Section<'_>, length: u16) -> Option<Field> {
    let (at, width) = (section.need::<u16>("at"), section.need::<u16>("width"));
    let form = section.or("form", FieldForm::Hex);
    let align = section.or("align", Align::Right);
    let (at, width, form) = (at?, width?, form?);
    if width == 0 || u32::from(at) + u32::from(width) > u32::from(length) {
        let message = format!("{width} bytes at {at} do not lie in {length} bytes");
        section.wrong("width", message, "mend at, width, or the layout's length");
        return None;
    }
    let fixed = match form {
        FieldForm::Date => Some(4),
        FieldForm::Moment => Some(7),
        FieldForm::Number if width > 8 => Some(8),
        FieldForm::Hex | FieldForm::Number => None,
    };
    if let Some(fixed) = fixed
        && width != fixed
    {
        let mend = format!("write width = {fixed}, or another form");
        section.wrong("width", format!("a field of this form does not have {width} bytes"), mend);
    }
    Some(Field { name, at: usize::from(at), width: usize::from(width), form, align: align? })
}

/// Reads a text that holds layouts and nothing else.
pub(super) fn read_all(log: &Log, origin: &str, text: &str) -> Option<Vec<Arc<Layout>>> {
    let root = crate::text::parse(log, origin, text);
    let top = Section::open(log, &root, "", &["layout"])?;
    list(&top, &[])
}

/// The layouts of a text; their names must differ from each other and from those `known`.
pub(super) fn list(top: &Section<'_>, known: &[Arc<Layout>]) -> Option<Vec<Arc<Layout>>> {
    let sections = top.sections("layout", LAYOUT_KEYS)?;
    let read: Vec<Option<Arc<Layout>>> = sections.iter().map(read).collect();
    let layouts: Vec<Arc<Layout>> = read.into_iter().collect::<Option<_>>()?;
    for (at, (layout, section)) in layouts.iter().zip(&sections).enumerate() {
        let before = layouts.get(..at).unwrap_or_default();
        if before.iter().chain(known).any(|other| other.name == layout.name) {
            let message = format!("there is a layout {:?} already", layout.name);
            section.wrong("name", message, "give it another name");
        }
    }
    Some(layouts)
}
