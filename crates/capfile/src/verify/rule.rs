//! The rules, in one table: what each is called, what it asks for, what to do about a refusal.
//! `docs/cap-rules.md` is made from it.

use std::fmt;

macro_rules! rules {
    ($($chapter:literal { $($name:ident $id:literal $text:literal $next:literal;)* })*) => {
        /// A rule that a CAP file keeps.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $text] $name,)*)*
        }

        impl Rule {
            /// All rules, in the order of the page.
            pub const ALL: &'static [Rule] = &[$($(Rule::$name,)*)*];

            /// The name under which it is told to people and scripts. Never changed.
            pub const fn id(self) -> &'static str {
                match self { $($(Rule::$name => $id,)*)* }
            }

            /// What it asks for.
            pub const fn text(self) -> &'static str {
                match self { $($(Rule::$name => $text,)*)* }
            }

            /// What to do when a file is refused by it.
            pub const fn next(self) -> &'static str {
                match self { $($(Rule::$name => $next,)*)* }
            }

            /// What it is about.
            pub const fn chapter(self) -> &'static str {
                match self { $($(Rule::$name => $chapter,)*)* }
            }
        }
    };
}

rules! {
    "The file" {
        ComponentSize "component-size" "every component fits the sizes that its format can say"
            "Split the package: the format has 2-byte sizes.";
        DirectoryMissing "directory-missing" "there is a Directory component"
            "Use the file that the converter wrote, not what a loader kept of it.";
        DirectorySize "directory-size" "the Directory gives each component's real size, and 0 for those that are not there"
            "The file was changed or cut after conversion: convert again.";
        DirectoryCount "directory-count" "the Directory's numbers of imports, applets, arrays, method blocks and vendor components are the real ones"
            "The file was changed after conversion: convert again.";
        HeaderFlags "header-flags" "the Header's flags say whether there are an Applet and an Export component"
            "The file was changed after conversion: convert again.";
        IntFlag "int-flag" "int is used only where the Header says so"
            "Convert with int support (-i), or use short.";
        ApplicationIdentifier "aid" "AIDs of package, applets and imports differ, and applets have the package's RID"
            "Correct the AIDs in applet.toml or on the converter's command line.";
        TooComplex "too-complex" "checking takes work in proportion to the size of the file"
            "No compiler makes such code; if one did, please send us the file.";
    }
    "Applet" {
        AppletCount "applet-count" "an Applet component names at least one applet"
            "Leave the component out of a library.";
        InstallMethod "install-method" "the install method of an applet is public static void install(byte[], short, byte) of a subclass of Applet"
            "Declare it so in the applet class.";
    }
    "Import" {
        ImportCount "import-count" "at most 128 packages are imported"
            "Split the package.";
        ImportVersion "import-version" "the imported version is offered: the same major number, and at most the minor number of the export file"
            "Convert against the export files of the platform that the card has.";
    }
    "ConstantPool" {
        ConstantPadding "constant-padding" "bytes without a meaning are 0"
            "The file was changed after conversion: convert again.";
        ConstantClass "constant-class" "a constant's class is a class of the file, or one that the imported package exports"
            "Convert again, against the export files of the imported packages.";
        ConstantField "constant-field" "a field constant leads to a field of its class, of the type that the Descriptor says"
            "Convert again, against the export files of the imported packages.";
        ConstantMethod "constant-method" "a method constant leads to a method of its class, of the type that the Descriptor says"
            "Convert again, against the export files of the imported packages.";
    }
    "Class" {
        ClassOffset "class-offset" "a reference to a class of the file is the offset of one"
            "The file was changed after conversion: convert again.";
        ClassToken "class-token" "a reference to a class of another package is the index of an import, and a token that it exports"
            "Convert again, against the export files of the imported packages.";
        ClassOrder "class-order" "interfaces stand before classes, and superclasses and superinterfaces before what extends them, so that nothing extends itself"
            "The converter is at fault: report it to its maker.";
        Superclass "superclass" "a superclass is a class that is not final; only java.lang.Object has none"
            "The classes do not belong together: compile all of them again.";
        Superinterface "superinterface" "interfaces are interfaces, each is listed once, and so is everything that they extend"
            "The classes do not belong together: compile all of them again.";
        ClassFlags "class-flags" "the flags for shareable and remote are those of the interfaces; unknown flags are 0"
            "The file was changed after conversion: convert again.";
        InstanceSize "instance-size" "the size of objects and the place of references follow from the fields; at most 255 words with the superclasses"
            "Use fewer fields, or arrays.";
        MethodTable "method-table" "the tables of virtual methods go from the first token that is not only inherited to the last, and each entry is the method of that token"
            "The file was changed after conversion: convert again.";
        Override "override" "a method overrides one that is not final, of the same type, and is at least as visible"
            "The classes do not belong together: compile all of them again.";
        AbstractMethod "abstract-method" "a class that is not abstract has code for all its methods"
            "The classes do not belong together: compile all of them again.";
        InterfaceMethod "interface-method" "each method of an interface is implemented by a public method of the same type"
            "The classes do not belong together: compile all of them again.";
        RemoteMethod "remote-method" "what remote calls need names virtual methods of the class and their types in the signature pool"
            "Convert again; remote calls need format 2.2 or later.";
        TokenMapping "token-mapping" "the mapping of tokens keeps inherited tokens and marks new ones with 255"
            "Convert again for the platform's format.";
    }
    "Method" {
        MethodExtent "method-extent" "methods lie back to back and fill the component, as the Descriptor says"
            "The file was changed after conversion: convert again.";
        MethodHeader "method-header" "a method's header has known flags, the words of its parameters, and at most 255 words of variables"
            "The file was changed after conversion: convert again.";
        HandlerExtent "handler-extent" "each exception handler belongs to one method, covers whole instructions of it and stands at one"
            "The file was changed after conversion: convert again.";
        HandlerStop "handler-stop" "the stop bit is set where no later handler of the method covers the same instructions"
            "The file was changed after conversion: convert again.";
        CatchType "catch-type" "what a handler catches is a Throwable"
            "The classes do not belong together: compile all of them again.";
    }
    "StaticField" {
        ImageSize "image-size" "the static field image is as large as its references and values"
            "The file was changed after conversion: convert again.";
        ArrayInit "array-init" "an initialised array has a primitive type, whole elements and a field of its type"
            "The file was changed after conversion: convert again.";
        StaticPlace "static-place" "static fields lie in the image, references among references, and share no byte"
            "The file was changed after conversion: convert again.";
    }
    "RefLocation" {
        ReferenceLocation "reference-location" "the places are exactly those of operands and catch types that are constant pool indexes"
            "The file was changed after conversion: convert again. On a card it would be linked wrongly.";
    }
    "Export" {
        ExportedClass "exported-class" "an exported class is a public class whose token is its index"
            "The file was changed after conversion: convert again.";
        ExportedMember "exported-member" "exported static fields and methods are public or protected, of the class, and their tokens are their indexes"
            "The file was changed after conversion: convert again.";
        ExportFile "export-file" "the package's own export file says the same as the file"
            "Use the export file that was written with this CAP file.";
    }
    "Descriptor" {
        DescriptorMissing "descriptor-missing" "there is a Descriptor component"
            "Verify the file that the converter wrote; what is loaded on cards lacks it.";
        DescriptorClass "descriptor-class" "the Descriptor describes each class of the Class component once, with its kind and interfaces"
            "The file was changed after conversion: convert again.";
        AccessFlags "access-flags" "access flags are known, and go together"
            "The file was changed after conversion: convert again.";
        TypeOffset "type-offset" "a type is the offset of a descriptor in the type pool that is one of a field or of a method, as needed"
            "The file was changed after conversion: convert again.";
        TypePool "type-pool" "the type pool holds a type for each constant that has one, and descriptors back to back"
            "The file was changed after conversion: convert again.";
        FieldToken "field-token" "tokens of fields are those of their kind, each once in its class"
            "The file was changed after conversion: convert again.";
        MethodToken "method-token" "tokens of methods are those of their kind, each once in its class"
            "The file was changed after conversion: convert again.";
        MethodPlace "method-place" "each method has its own place; methods of interfaces have none"
            "The file was changed after conversion: convert again.";
    }
    "Debug and StaticResources" {
        DebugReference "debug-reference" "names, classes, methods and lines of the Debug component are there"
            "Convert again with -debug, or leave the component out.";
        StaticResource "static-resource" "resources have different numbers and at most 32767 bytes"
            "Correct the resources in applet.toml.";
    }
    "Bytecode" {
        Instruction "instruction" "bytecode is whole instructions"
            "The file was changed after conversion: convert again.";
        Operand "operand" "operands have values that the instruction allows"
            "The file was changed after conversion: convert again.";
        BranchTarget "branch-target" "branches lead to instructions of the method"
            "The file was changed after conversion: convert again.";
        FallsOff "falls-off" "control does not run over the end of the method"
            "The file was changed after conversion: convert again.";
        SwitchOrder "switch-order" "the values of a lookup switch ascend"
            "The converter is at fault: report it to its maker.";
        ConstantKind "constant-kind" "an instruction's constant is of the kind that it works on"
            "The file was changed after conversion: convert again.";
        FieldKind "field-kind" "a field instruction has the type of the field"
            "The file was changed after conversion: convert again.";
        StackDepth "stack-depth" "the stack neither runs empty nor over the method's maximum"
            "The file was changed after conversion: convert again.";
        StackType "stack-type" "an instruction finds on the stack the types that it works on"
            "The file was changed after conversion: convert again.";
        LocalNumber "local-number" "local variables are those that the method has"
            "The file was changed after conversion: convert again.";
        LocalType "local-type" "a local variable is read as the type that was stored in it"
            "The file was changed after conversion: convert again.";
        IntHalves "int-halves" "the two words of an int are not parted"
            "The converter is at fault: report it to its maker.";
        JoinDepth "join-depth" "the stack is equally deep on all ways to an instruction"
            "The file was changed after conversion: convert again.";
        Argument "argument" "objects, arguments, stored values and results are of the type that is declared"
            "The classes do not belong together: compile all of them again.";
        ReturnType "return-type" "a method returns what it declares"
            "The file was changed after conversion: convert again.";
        Initialised "initialised" "an object is not used before its constructor was called, and a constructor calls another one"
            "The file was changed after conversion: convert again.";
        Instantiable "instantiable" "objects are made of classes that are not abstract"
            "The classes do not belong together: compile all of them again.";
        InvokeKind "invoke-kind" "a method is called by the instruction for its kind"
            "The classes do not belong together: compile all of them again.";
        InterfaceWords "interface-words" "an interface call says how many words its arguments have"
            "The file was changed after conversion: convert again.";
        PrivateAccess "private-access" "private members are used in their class only"
            "Compile all classes again, with --release 8: newer class files use private members of the classes around them.";
        ProtectedAccess "protected-access" "protected members of other packages are used in subclasses, on their own objects"
            "The classes do not belong together: compile all of them again.";
        PackageAccess "package-access" "members and classes without public or protected are used in their package only"
            "The classes do not belong together: compile all of them again.";
        FinalField "final-field" "final fields are set in their class only"
            "The classes do not belong together: compile all of them again.";
        Subroutine "subroutine" "ret returns from a subroutine that was called and has not returned"
            "The file was changed after conversion: convert again.";
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// `docs/cap-rules.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Rules of CAP files\n\n\
         What `purse cap verify` asks of a CAP file. Made from the table in \
         `crates/capfile/src/verify/rule.rs`; after a change there, run \
         `UPDATE_DOCS=1 cargo test -p capfile`. A refusal names the component, the offset from its \
         tag, the method, and the rule by its name here, which is never changed.\n",
    );
    let mut chapter = "";
    for rule in Rule::ALL {
        if rule.chapter() != chapter {
            chapter = rule.chapter();
            page +=
                &format!("\n## {chapter}\n\n| rule | asks that | if refused |\n|---|---|---|\n");
        }
        page += &format!("| `{}` | {} | {} |\n", rule.id(), rule.text(), rule.next());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_rules_are_the_rules() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cap-rules.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(found, page(), "run UPDATE_DOCS=1 cargo test -p capfile");
    }

    #[test]
    fn no_name_is_given_twice() {
        let names: std::collections::BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }
}
