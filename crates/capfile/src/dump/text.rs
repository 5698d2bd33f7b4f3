//! The text form of a dump, in the manner of JCA files.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use super::model::{
    ClassDump, Dump, FieldDump, HandlerDump, InstructionDump, InterfaceDump, LineDump, MethodDump,
    ObjectsDump, RemoteDump,
};

impl Display for Dump {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, ".package {} {{", self.package)?;
        writeln!(f, "    .aid {};", self.aid)?;
        writeln!(f, "    .version {};", self.version)?;
        writeln!(f, "    .format {};{}", self.format, note(&self.flags.join(", ")))?;
        self.extended(f)?;
        self.sizes(f)?;
        list(f, ".imports", &self.imports, |f, index, import| {
            let name = import.name.as_deref().unwrap_or_default();
            write!(f, "{index:>3}  {} {};{}", import.aid, import.version, note(name))
        })?;
        list(f, ".applets", &self.applets, |f, _, applet| {
            let class = applet.class.as_deref().unwrap_or("?");
            write!(f, "{} {class};{}", applet.aid, note(&format!("install {}", applet.install)))
        })?;
        list(f, ".constantPool", &self.constants, |f, index, constant| {
            write!(f, "{index:>4}  {} {};{}", constant.kind, constant.name, note(&constant.place))
        })?;
        self.image(f)?;
        list(f, ".exports", &self.exports, |f, token, exported| {
            write!(f, "{token:>3}  {}", exported.class)?;
            let fields = exported
                .fields
                .iter()
                .zip(0..)
                .map(|(image, token): (_, u16)| format!("field {token}: image {image}"));
            let methods = exported
                .methods
                .iter()
                .zip(0..)
                .map(|(method, token): (_, u16)| format!("method {token}: {method}"));
            fields.chain(methods).try_for_each(|line| write!(f, "\n             {line}"))
        })?;
        list(f, ".staticResources", &self.static_resources, |f, _, resource| {
            write!(f, "{:>5}  {};", resource.id, resource.data)
        })?;
        list(f, ".otherComponents", &self.others, |f, _, other| {
            write!(f, "{} {};", other.name, other.bytes)
        })?;
        self.classes.iter().try_for_each(|class| write!(f, "\n{class}"))?;
        self.locations(f)?;
        writeln!(f, "}}")
    }
}

impl Dump {
    fn extended(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(extended) = &self.extended else { return Ok(()) };
        writeln!(f, "    .file {} {};", extended.aid, extended.version)?;
        list(f, ".packages", &extended.packages, |f, _, one| {
            write!(f, "{} {} {};", one.aid, one.version, one.name.as_deref().unwrap_or_default())
        })
    }

    fn sizes(&self, f: &mut Formatter<'_>) -> fmt::Result {
        list(f, ".components", &self.components, |f, _, component| {
            let wrong = component
                .listed
                .filter(|listed| usize::try_from(*listed).ok() != Some(component.info));
            let wrong = wrong.map(|listed| {
                format!("the Directory says {listed}, not {}, without tag and size", component.info)
            });
            let wrong = note(&wrong.unwrap_or_default());
            write!(f, "{:<16}{:>6} bytes;{wrong}", component.name, component.size)
        })?;
        let Some(directory) = &self.directory else { return Ok(()) };
        let blocks = directory.blocks.map(|blocks| format!(", {blocks} method blocks"));
        writeln!(
            f,
            "\n    .directory {{\n        image {} bytes, {} arrays of {} bytes, {} imports, {} \
             applets{};",
            directory.image_size,
            directory.array_count,
            directory.array_size,
            directory.imports,
            directory.applets,
            blocks.unwrap_or_default()
        )?;
        for one in &directory.custom {
            writeln!(f, "        custom {} {} {} bytes;", one.tag, one.aid, one.size)?;
        }
        writeln!(f, "    }}")
    }

    fn image(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let image = &self.static_fields;
        writeln!(f, "\n    .staticFields {{{}", note(&format!("{} bytes", image.image_size)))?;
        let lines = image.arrays.iter().map(|one| format!("{}[] {}", one.element, one.values));
        lines.enumerate().try_for_each(|(index, line)| {
            let offset = index.saturating_mul(2);
            writeln!(f, "        image {offset}: {line};")
        })?;
        writeln!(f, "        references {};", image.references)?;
        writeln!(f, "        zeros {};", image.default_size)?;
        writeln!(f, "        values {};\n    }}", image.values)
    }

    fn locations(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (block, locations) in self.reference_locations.iter().enumerate() {
            writeln!(f, "\n    .referenceLocations {{{}", note(&format!("block {block}")))?;
            for (what, offsets) in [("1-byte", &locations.bytes), ("2-byte", &locations.shorts)] {
                writeln!(f, "        {what}")?;
                for row in offsets.chunks(12) {
                    let row: Vec<String> = row.iter().map(ToString::to_string).collect();
                    writeln!(f, "            {}", row.join(" "))?;
                }
            }
            writeln!(f, "    }}")?;
        }
        Ok(())
    }
}

impl Display for ClassDump {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = if self.interface { "interface" } else { "class" };
        let words: String = self
            .access
            .iter()
            .filter(|word| !(self.interface && **word == "abstract"))
            .map(|word| format!("{word} "))
            .collect();
        write!(f, "    .{kind} {words}{}", self.name)?;
        if let Some(superclass) = &self.superclass {
            write!(f, " extends {superclass}")?;
        }
        let token = self.token.map(|token| format!("token {token}, ")).unwrap_or_default();
        writeln!(f, " {{{}", note(&format!("{token}offset {}", self.offset)))?;
        if let Some(source) = &self.source {
            writeln!(f, "        .source {source};")?;
        }
        self.interfaces.iter().try_for_each(|one| one.print(f, self.interface))?;
        if let Some(objects) = &self.objects {
            objects.print(f)?;
        }
        if let Some(remote) = &self.remote {
            remote.print(f)?;
        }
        self.fields.iter().try_for_each(|field| field.print(f))?;
        for method in &self.methods {
            writeln!(f)?;
            method.print(f, self.interface)?;
        }
        writeln!(f, "    }}")
    }
}

impl InterfaceDump {
    fn print(&self, f: &mut Formatter<'_>, extends: bool) -> fmt::Result {
        if extends {
            return writeln!(f, "        .extends {};", self.name);
        }
        let tokens: Vec<String> = self.methods.iter().map(ToString::to_string).collect();
        let by =
            if tokens.is_empty() { String::new() } else { format!(" by {}", tokens.join(" ")) };
        writeln!(f, "        .implements {}{by};", self.name)
    }
}

impl ObjectsDump {
    fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let references = match self.reference_count {
            0 => "no references".to_owned(),
            count => format!("{count} references from token {}", self.first_reference_token),
        };
        writeln!(f, "        .instanceSize {};{}", self.instance_size, note(&references))?;
        for (table, base, methods) in [
            (".publicMethodTable", self.public_base, &self.public_methods),
            (".packageMethodTable", self.package_base, &self.package_methods),
        ] {
            write!(f, "        {table} {base} {{")?;
            for (token, method) in (u16::from(base)..).zip(methods) {
                let method = method.as_deref().unwrap_or("inherited from another package");
                write!(f, "\n            {token:>3}  {method};")?;
            }
            writeln!(f, "{}}}", if methods.is_empty() { "" } else { "\n        " })?;
        }
        if let Some(mapping) = &self.token_mapping {
            let token = |token: &u8| match token {
                0xFF => "new".to_owned(),
                token => token.to_string(),
            };
            let mapping: Vec<String> = mapping.iter().map(token).collect();
            writeln!(f, "        .tokenMapping {};", mapping.join(" "))?;
        }
        match self.inheritable {
            Some(count) => writeln!(f, "        .inheritable {count};"),
            None => Ok(()),
        }
    }
}

impl RemoteDump {
    fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "        .remote {} {{", self.name)?;
        if !self.hash_modifier.is_empty() {
            writeln!(f, "            hash modifier {};", self.hash_modifier)?;
        }
        for interface in &self.interfaces {
            writeln!(f, "            {interface};")?;
        }
        for method in &self.methods {
            let (hash, token) = (method.hash, method.token);
            writeln!(f, "            {hash:04X} {token:>3}  {};", method.descriptor)?;
        }
        writeln!(f, "        }}")
    }
}

impl FieldDump {
    fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words: String = self.access.iter().map(|word| format!("{word} ")).collect();
        write!(f, "        .field {words}{} {}", self.descriptor, self.name)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        let token = self.token.map(|token| format!("token {token}"));
        let image = self.image.map(|offset| format!("image {offset}"));
        let place: Vec<String> = token.into_iter().chain(image).collect();
        writeln!(f, ";{}", note(&place.join(", ")))
    }
}

impl MethodDump {
    fn print(&self, f: &mut Formatter<'_>, interface: bool) -> fmt::Result {
        let words: String = self
            .access
            .iter()
            .filter(|word| !(interface && **word == "abstract"))
            .map(|word| format!("{word} "))
            .collect();
        let token = self.token.map(|token| format!("token {token}"));
        let place = (self.offset != 0).then(|| match self.block {
            0 => format!("@{}", self.offset),
            block => format!("@{block}:{}", self.offset),
        });
        let length = (self.length != 0).then(|| format!("{} bytes", self.length));
        let about: Vec<String> = token.into_iter().chain(place).chain(length).collect();
        let about = note(&about.join(", "));
        write!(f, "        .method {words}{}{}", self.name, self.descriptor)?;
        if interface {
            return writeln!(f, ";{about}");
        }
        writeln!(f, " {{{about}")?;
        writeln!(f, "            .stack {};", self.max_stack)?;
        writeln!(f, "            .locals {};", self.max_locals)?;
        writeln!(f, "            .arguments {};", self.arguments)?;
        for variable in &self.variables {
            let end = variable.start.saturating_add(variable.length);
            let extent = note(&format!("{} to {end}", variable.start));
            let (index, name) = (variable.index, &variable.name);
            writeln!(f, "            .var {index} {} {name};{extent}", variable.descriptor)?;
        }
        if let Some(problem) = &self.problem {
            writeln!(f, "            // {problem}")?;
        }
        let labels = self.labels();
        self.code.iter().try_for_each(|one| one.print(f, &labels, &self.lines))?;
        if !self.handlers.is_empty() {
            writeln!(f, "            .exceptionTable {{")?;
            self.handlers.iter().try_for_each(|one| one.print(f, &labels))?;
            writeln!(f, "            }}")?;
        }
        writeln!(f, "        }}")
    }

    /// Where something leads to, numbered from the start of the code.
    pub(crate) fn labels(&self) -> BTreeMap<i32, usize> {
        let targets = self.code.iter().flat_map(|one| one.targets.iter().copied());
        let handlers = self.handlers.iter().flat_map(|one| [one.start, one.end, one.handler]);
        let mut places: Vec<i32> = targets.chain(handlers).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().zip(0..).collect()
    }
}

impl InstructionDump {
    fn print(
        &self,
        f: &mut Formatter<'_>,
        labels: &BTreeMap<i32, usize>,
        lines: &[LineDump],
    ) -> fmt::Result {
        for line in lines.iter().filter(|line| line.start == self.at) {
            writeln!(f, "            .line {}", line.line)?;
        }
        let label = labels.get(&self.at.into()).map(|number| format!("L{number}:"));
        let (label, at) = (label.unwrap_or_default(), self.at);
        let refers_to = note(self.refers_to.as_deref().unwrap_or_default());
        writeln!(f, "        {label:>7} {at:>5}  {};{refers_to}", self.words(labels))
    }

    /// Mnemonic and operands, with labels for targets.
    pub(crate) fn words(&self, labels: &BTreeMap<i32, usize>) -> String {
        let label = |target: &i32| match labels.get(target) {
            Some(number) => format!("L{number}"),
            None => target.to_string(),
        };
        let mut words = vec![self.mnemonic.to_owned()];
        match (self.mnemonic, self.targets.split_first()) {
            ("slookupswitch" | "ilookupswitch", Some((default, targets))) => {
                words.push(label(default));
                let pairs = self.operands.iter().zip(targets);
                words.extend(pairs.map(|(value, target)| format!("{value}:{}", label(target))));
            }
            (_, Some((default, targets))) => {
                words.push(label(default));
                words.extend(self.operands.iter().map(ToString::to_string));
                words.extend(targets.iter().map(label));
            }
            (_, None) => words.extend(self.operands.iter().map(ToString::to_string)),
        }
        words.join(" ")
    }
}

impl HandlerDump {
    fn print(&self, f: &mut Formatter<'_>, labels: &BTreeMap<i32, usize>) -> fmt::Result {
        let label = |place: i32| match labels.get(&place) {
            Some(number) => format!("L{number}"),
            None => place.to_string(),
        };
        let (start, end, handler) = (label(self.start), label(self.end), label(self.handler));
        let catches = self.catches.as_deref().unwrap_or("any");
        let stop = note(if self.stop { "stop" } else { "" });
        writeln!(f, "                {start} to {end} handler {handler} catches {catches};{stop}")
    }
}

/// A list in braces, a line for each element; nothing where there is none.
fn list<T>(
    f: &mut Formatter<'_>,
    title: &str,
    elements: &[T],
    line: impl Fn(&mut Formatter<'_>, usize, &T) -> fmt::Result,
) -> fmt::Result {
    if elements.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n    {title} {{")?;
    for (index, element) in elements.iter().enumerate() {
        write!(f, "        ")?;
        line(f, index, element)?;
        writeln!(f)?;
    }
    writeln!(f, "    }}")
}

/// Behind a line, if there is something to say.
fn note(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("  // {text}") }
}
