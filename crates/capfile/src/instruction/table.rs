//! The table: opcode, name, mnemonic, form of the operands, what is taken from the stack and what is
//! left there, and where control goes.

use Flow::{Branch, Jump, Next, Return, Subroutine, SubroutineReturn, Switch, Throw};
use Slot::{
    Address, Arguments, Array, ByteArray, Int, IntArray, Receiver, Reference, ReferenceArray,
    Result, Short, ShortArray, Word, Words,
};

/// How the bytes after an opcode are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nothing follows.
    None,
    /// A local variable, 1 byte.
    Local,
    /// A signed value, 1 byte.
    Byte,
    /// A signed value, 2 bytes.
    Short,
    /// A signed value, 4 bytes.
    Int,
    /// A local variable and a signed value, 1 byte each.
    ByteIncrement,
    /// A local variable, 1 byte, and a signed value, 2 bytes.
    ShortIncrement,
    /// A signed distance from the opcode, 1 byte.
    ByteBranch,
    /// A signed distance from the opcode, 2 bytes.
    ShortBranch,
    /// An index into the constant pool, 1 byte.
    ByteIndex,
    /// An index into the constant pool, 2 bytes.
    ShortIndex,
    /// Two numbers of words in one byte, the upper nibble first.
    Words,
    /// The element type of an array, 1 byte.
    ArrayType,
    /// The kind of a type, 1 byte, and an index into the constant pool, 2 bytes.
    TypeTest,
    /// Words of the arguments, 1 byte; the interface in the constant pool, 2 bytes; the method's
    /// token, 1 byte.
    Interface,
    /// Default distance, lowest and highest value (2 bytes each), a distance for each value.
    ShortTable,
    /// Default distance, lowest and highest value (4 bytes each), a distance for each value.
    IntTable,
    /// Default distance, number of pairs, pairs of a value (2 bytes) and a distance.
    ShortLookup,
    /// Default distance, number of pairs, pairs of a value (4 bytes) and a distance.
    IntLookup,
}

/// What an instruction takes from the operand stack or leaves there. A word has 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A boolean, byte or short: one word.
    Short,
    /// An int: two words.
    Int,
    /// A reference of any type: one word.
    Reference,
    /// An array of booleans or bytes.
    ByteArray,
    /// An array of shorts.
    ShortArray,
    /// An array of ints.
    IntArray,
    /// An array of references.
    ReferenceArray,
    /// An array of any type.
    Array,
    /// A return address: one word.
    Address,
    /// Any word, also half an int where both halves move together.
    Word,
    /// As many words as the operand says.
    Words,
    /// The object whose method is called.
    Receiver,
    /// What the called method takes, as its descriptor says.
    Arguments,
    /// What the called method returns, as its descriptor says.
    Result,
}

impl Slot {
    /// Words of it, where they do not depend on operands.
    pub fn words(self) -> Option<u8> {
        match self {
            Int => Some(2),
            Words | Arguments | Result => None,
            _ => Some(1),
        }
    }

    /// How the documentation calls it.
    pub fn name(self) -> &'static str {
        match self {
            Short => "short",
            Int => "int",
            Reference => "reference",
            ByteArray => "byte[]",
            ShortArray => "short[]",
            IntArray => "int[]",
            ReferenceArray => "reference[]",
            Array => "array",
            Address => "address",
            Word => "word",
            Words => "words",
            Receiver => "object",
            Arguments => "arguments",
            Result => "result",
        }
    }
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To the next instruction.
    Next,
    /// To the next one or to the target.
    Branch,
    /// To the target.
    Jump,
    /// To the target, and later back to the next one.
    Subroutine,
    /// To the address in a local variable.
    SubroutineReturn,
    /// To one of several targets.
    Switch,
    /// Out of the method.
    Return,
    /// To a handler.
    Throw,
}

/// What the table says of one opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The opcode.
    pub opcode: Opcode,
    /// Its name in text.
    pub mnemonic: &'static str,
    /// What follows it.
    pub form: Form,
    /// What it takes from the stack, the topmost last.
    pub takes: &'static [Slot],
    /// What it leaves on the stack, the topmost last.
    pub gives: &'static [Slot],
    /// Where control goes.
    pub flow: Flow,
}

macro_rules! operations {
    ($($code:literal $name:ident $mnemonic:literal $form:ident [$($takes:ident),*] => [$($gives:ident),*] $flow:ident;)*) => {
        /// An opcode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $(
                #[doc = concat!("`", $mnemonic, "`")]
                $name = $code,
            )*
        }

        /// By opcode, without gaps.
        static OPERATIONS: &[Operation] = &[$(
            Operation {
                opcode: Opcode::$name,
                mnemonic: $mnemonic,
                form: Form::$form,
                takes: &[$($takes),*],
                gives: &[$($gives),*],
                flow: $flow,
            },
        )*];

        impl Opcode {
            /// What the table says of it.
            pub fn operation(self) -> &'static Operation {
                match self {
                    $(
                        Self::$name => {
                            const OPERATION: &Operation = &Operation {
                                opcode: Opcode::$name,
                                mnemonic: $mnemonic,
                                form: Form::$form,
                                takes: &[$($takes),*],
                                gives: &[$($gives),*],
                                flow: $flow,
                            };
                            OPERATION
                        }
                    )*
                }
            }
        }
    };
}

impl Opcode {
    /// The opcode of a byte; 0xB9 and above are none (0xFE and 0xFF are reserved for virtual
    /// machines and may not stand in a CAP file).
    pub fn from_byte(byte: u8) -> Option<Self> {
        OPERATIONS.get(usize::from(byte)).map(|operation| operation.opcode)
    }

    /// The opcode of a mnemonic.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        Self::all().find(|operation| operation.mnemonic == mnemonic).map(|found| found.opcode)
    }

    /// The whole table, by opcode.
    pub fn all() -> impl Iterator<Item = &'static Operation> {
        OPERATIONS.iter()
    }

    /// The byte.
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// Its name in text.
    pub fn mnemonic(self) -> &'static str {
        self.operation().mnemonic
    }
}

impl std::fmt::Display for Opcode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.mnemonic())
    }
}

operations! {
    0x00 Nop "nop" None [] => [] Next;
    0x01 AconstNull "aconst_null" None [] => [Reference] Next;
    0x02 SconstM1 "sconst_m1" None [] => [Short] Next;
    0x03 Sconst0 "sconst_0" None [] => [Short] Next;
    0x04 Sconst1 "sconst_1" None [] => [Short] Next;
    0x05 Sconst2 "sconst_2" None [] => [Short] Next;
    0x06 Sconst3 "sconst_3" None [] => [Short] Next;
    0x07 Sconst4 "sconst_4" None [] => [Short] Next;
    0x08 Sconst5 "sconst_5" None [] => [Short] Next;
    0x09 IconstM1 "iconst_m1" None [] => [Int] Next;
    0x0A Iconst0 "iconst_0" None [] => [Int] Next;
    0x0B Iconst1 "iconst_1" None [] => [Int] Next;
    0x0C Iconst2 "iconst_2" None [] => [Int] Next;
    0x0D Iconst3 "iconst_3" None [] => [Int] Next;
    0x0E Iconst4 "iconst_4" None [] => [Int] Next;
    0x0F Iconst5 "iconst_5" None [] => [Int] Next;
    0x10 Bspush "bspush" Byte [] => [Short] Next;
    0x11 Sspush "sspush" Short [] => [Short] Next;
    0x12 Bipush "bipush" Byte [] => [Int] Next;
    0x13 Sipush "sipush" Short [] => [Int] Next;
    0x14 Iipush "iipush" Int [] => [Int] Next;
    0x15 Aload "aload" Local [] => [Reference] Next;
    0x16 Sload "sload" Local [] => [Short] Next;
    0x17 Iload "iload" Local [] => [Int] Next;
    0x18 Aload0 "aload_0" None [] => [Reference] Next;
    0x19 Aload1 "aload_1" None [] => [Reference] Next;
    0x1A Aload2 "aload_2" None [] => [Reference] Next;
    0x1B Aload3 "aload_3" None [] => [Reference] Next;
    0x1C Sload0 "sload_0" None [] => [Short] Next;
    0x1D Sload1 "sload_1" None [] => [Short] Next;
    0x1E Sload2 "sload_2" None [] => [Short] Next;
    0x1F Sload3 "sload_3" None [] => [Short] Next;
    0x20 Iload0 "iload_0" None [] => [Int] Next;
    0x21 Iload1 "iload_1" None [] => [Int] Next;
    0x22 Iload2 "iload_2" None [] => [Int] Next;
    0x23 Iload3 "iload_3" None [] => [Int] Next;
    0x24 Aaload "aaload" None [ReferenceArray, Short] => [Reference] Next;
    0x25 Baload "baload" None [ByteArray, Short] => [Short] Next;
    0x26 Saload "saload" None [ShortArray, Short] => [Short] Next;
    0x27 Iaload "iaload" None [IntArray, Short] => [Int] Next;
    0x28 Astore "astore" Local [Reference] => [] Next;
    0x29 Sstore "sstore" Local [Short] => [] Next;
    0x2A Istore "istore" Local [Int] => [] Next;
    0x2B Astore0 "astore_0" None [Reference] => [] Next;
    0x2C Astore1 "astore_1" None [Reference] => [] Next;
    0x2D Astore2 "astore_2" None [Reference] => [] Next;
    0x2E Astore3 "astore_3" None [Reference] => [] Next;
    0x2F Sstore0 "sstore_0" None [Short] => [] Next;
    0x30 Sstore1 "sstore_1" None [Short] => [] Next;
    0x31 Sstore2 "sstore_2" None [Short] => [] Next;
    0x32 Sstore3 "sstore_3" None [Short] => [] Next;
    0x33 Istore0 "istore_0" None [Int] => [] Next;
    0x34 Istore1 "istore_1" None [Int] => [] Next;
    0x35 Istore2 "istore_2" None [Int] => [] Next;
    0x36 Istore3 "istore_3" None [Int] => [] Next;
    0x37 Aastore "aastore" None [ReferenceArray, Short, Reference] => [] Next;
    0x38 Bastore "bastore" None [ByteArray, Short, Short] => [] Next;
    0x39 Sastore "sastore" None [ShortArray, Short, Short] => [] Next;
    0x3A Iastore "iastore" None [IntArray, Short, Int] => [] Next;
    0x3B Pop "pop" None [Word] => [] Next;
    0x3C Pop2 "pop2" None [Word, Word] => [] Next;
    0x3D Dup "dup" None [Word] => [Word, Word] Next;
    0x3E Dup2 "dup2" None [Word, Word] => [Word, Word, Word, Word] Next;
    0x3F DupX "dup_x" Words [Words] => [Words] Next;
    0x40 SwapX "swap_x" Words [Words] => [Words] Next;
    0x41 Sadd "sadd" None [Short, Short] => [Short] Next;
    0x42 Iadd "iadd" None [Int, Int] => [Int] Next;
    0x43 Ssub "ssub" None [Short, Short] => [Short] Next;
    0x44 Isub "isub" None [Int, Int] => [Int] Next;
    0x45 Smul "smul" None [Short, Short] => [Short] Next;
    0x46 Imul "imul" None [Int, Int] => [Int] Next;
    0x47 Sdiv "sdiv" None [Short, Short] => [Short] Next;
    0x48 Idiv "idiv" None [Int, Int] => [Int] Next;
    0x49 Srem "srem" None [Short, Short] => [Short] Next;
    0x4A Irem "irem" None [Int, Int] => [Int] Next;
    0x4B Sneg "sneg" None [Short] => [Short] Next;
    0x4C Ineg "ineg" None [Int] => [Int] Next;
    0x4D Sshl "sshl" None [Short, Short] => [Short] Next;
    0x4E Ishl "ishl" None [Int, Int] => [Int] Next;
    0x4F Sshr "sshr" None [Short, Short] => [Short] Next;
    0x50 Ishr "ishr" None [Int, Int] => [Int] Next;
    0x51 Sushr "sushr" None [Short, Short] => [Short] Next;
    0x52 Iushr "iushr" None [Int, Int] => [Int] Next;
    0x53 Sand "sand" None [Short, Short] => [Short] Next;
    0x54 Iand "iand" None [Int, Int] => [Int] Next;
    0x55 Sor "sor" None [Short, Short] => [Short] Next;
    0x56 Ior "ior" None [Int, Int] => [Int] Next;
    0x57 Sxor "sxor" None [Short, Short] => [Short] Next;
    0x58 Ixor "ixor" None [Int, Int] => [Int] Next;
    0x59 Sinc "sinc" ByteIncrement [] => [] Next;
    0x5A Iinc "iinc" ByteIncrement [] => [] Next;
    0x5B S2b "s2b" None [Short] => [Short] Next;
    0x5C S2i "s2i" None [Short] => [Int] Next;
    0x5D I2b "i2b" None [Int] => [Short] Next;
    0x5E I2s "i2s" None [Int] => [Short] Next;
    0x5F Icmp "icmp" None [Int, Int] => [Short] Next;
    0x60 Ifeq "ifeq" ByteBranch [Short] => [] Branch;
    0x61 Ifne "ifne" ByteBranch [Short] => [] Branch;
    0x62 Iflt "iflt" ByteBranch [Short] => [] Branch;
    0x63 Ifge "ifge" ByteBranch [Short] => [] Branch;
    0x64 Ifgt "ifgt" ByteBranch [Short] => [] Branch;
    0x65 Ifle "ifle" ByteBranch [Short] => [] Branch;
    0x66 Ifnull "ifnull" ByteBranch [Reference] => [] Branch;
    0x67 Ifnonnull "ifnonnull" ByteBranch [Reference] => [] Branch;
    0x68 IfAcmpeq "if_acmpeq" ByteBranch [Reference, Reference] => [] Branch;
    0x69 IfAcmpne "if_acmpne" ByteBranch [Reference, Reference] => [] Branch;
    0x6A IfScmpeq "if_scmpeq" ByteBranch [Short, Short] => [] Branch;
    0x6B IfScmpne "if_scmpne" ByteBranch [Short, Short] => [] Branch;
    0x6C IfScmplt "if_scmplt" ByteBranch [Short, Short] => [] Branch;
    0x6D IfScmpge "if_scmpge" ByteBranch [Short, Short] => [] Branch;
    0x6E IfScmpgt "if_scmpgt" ByteBranch [Short, Short] => [] Branch;
    0x6F IfScmple "if_scmple" ByteBranch [Short, Short] => [] Branch;
    0x70 Goto "goto" ByteBranch [] => [] Jump;
    0x71 Jsr "jsr" ShortBranch [] => [Address] Subroutine;
    0x72 Ret "ret" Local [] => [] SubroutineReturn;
    0x73 Stableswitch "stableswitch" ShortTable [Short] => [] Switch;
    0x74 Itableswitch "itableswitch" IntTable [Int] => [] Switch;
    0x75 Slookupswitch "slookupswitch" ShortLookup [Short] => [] Switch;
    0x76 Ilookupswitch "ilookupswitch" IntLookup [Int] => [] Switch;
    0x77 Areturn "areturn" None [Reference] => [] Return;
    0x78 Sreturn "sreturn" None [Short] => [] Return;
    0x79 Ireturn "ireturn" None [Int] => [] Return;
    0x7A Return "return" None [] => [] Return;
    0x7B GetstaticA "getstatic_a" ShortIndex [] => [Reference] Next;
    0x7C GetstaticB "getstatic_b" ShortIndex [] => [Short] Next;
    0x7D GetstaticS "getstatic_s" ShortIndex [] => [Short] Next;
    0x7E GetstaticI "getstatic_i" ShortIndex [] => [Int] Next;
    0x7F PutstaticA "putstatic_a" ShortIndex [Reference] => [] Next;
    0x80 PutstaticB "putstatic_b" ShortIndex [Short] => [] Next;
    0x81 PutstaticS "putstatic_s" ShortIndex [Short] => [] Next;
    0x82 PutstaticI "putstatic_i" ShortIndex [Int] => [] Next;
    0x83 GetfieldA "getfield_a" ByteIndex [Reference] => [Reference] Next;
    0x84 GetfieldB "getfield_b" ByteIndex [Reference] => [Short] Next;
    0x85 GetfieldS "getfield_s" ByteIndex [Reference] => [Short] Next;
    0x86 GetfieldI "getfield_i" ByteIndex [Reference] => [Int] Next;
    0x87 PutfieldA "putfield_a" ByteIndex [Reference, Reference] => [] Next;
    0x88 PutfieldB "putfield_b" ByteIndex [Reference, Short] => [] Next;
    0x89 PutfieldS "putfield_s" ByteIndex [Reference, Short] => [] Next;
    0x8A PutfieldI "putfield_i" ByteIndex [Reference, Int] => [] Next;
    0x8B Invokevirtual "invokevirtual" ShortIndex [Receiver, Arguments] => [Result] Next;
    0x8C Invokespecial "invokespecial" ShortIndex [Receiver, Arguments] => [Result] Next;
    0x8D Invokestatic "invokestatic" ShortIndex [Arguments] => [Result] Next;
    0x8E Invokeinterface "invokeinterface" Interface [Receiver, Arguments] => [Result] Next;
    0x8F New "new" ShortIndex [] => [Reference] Next;
    0x90 Newarray "newarray" ArrayType [Short] => [Array] Next;
    0x91 Anewarray "anewarray" ShortIndex [Short] => [ReferenceArray] Next;
    0x92 Arraylength "arraylength" None [Array] => [Short] Next;
    0x93 Athrow "athrow" None [Reference] => [] Throw;
    0x94 Checkcast "checkcast" TypeTest [Reference] => [Reference] Next;
    0x95 Instanceof "instanceof" TypeTest [Reference] => [Short] Next;
    0x96 SincW "sinc_w" ShortIncrement [] => [] Next;
    0x97 IincW "iinc_w" ShortIncrement [] => [] Next;
    0x98 IfeqW "ifeq_w" ShortBranch [Short] => [] Branch;
    0x99 IfneW "ifne_w" ShortBranch [Short] => [] Branch;
    0x9A IfltW "iflt_w" ShortBranch [Short] => [] Branch;
    0x9B IfgeW "ifge_w" ShortBranch [Short] => [] Branch;
    0x9C IfgtW "ifgt_w" ShortBranch [Short] => [] Branch;
    0x9D IfleW "ifle_w" ShortBranch [Short] => [] Branch;
    0x9E IfnullW "ifnull_w" ShortBranch [Reference] => [] Branch;
    0x9F IfnonnullW "ifnonnull_w" ShortBranch [Reference] => [] Branch;
    0xA0 IfAcmpeqW "if_acmpeq_w" ShortBranch [Reference, Reference] => [] Branch;
    0xA1 IfAcmpneW "if_acmpne_w" ShortBranch [Reference, Reference] => [] Branch;
    0xA2 IfScmpeqW "if_scmpeq_w" ShortBranch [Short, Short] => [] Branch;
    0xA3 IfScmpneW "if_scmpne_w" ShortBranch [Short, Short] => [] Branch;
    0xA4 IfScmpltW "if_scmplt_w" ShortBranch [Short, Short] => [] Branch;
    0xA5 IfScmpgeW "if_scmpge_w" ShortBranch [Short, Short] => [] Branch;
    0xA6 IfScmpgtW "if_scmpgt_w" ShortBranch [Short, Short] => [] Branch;
    0xA7 IfScmpleW "if_scmple_w" ShortBranch [Short, Short] => [] Branch;
    0xA8 GotoW "goto_w" ShortBranch [] => [] Jump;
    0xA9 GetfieldAW "getfield_a_w" ShortIndex [Reference] => [Reference] Next;
    0xAA GetfieldBW "getfield_b_w" ShortIndex [Reference] => [Short] Next;
    0xAB GetfieldSW "getfield_s_w" ShortIndex [Reference] => [Short] Next;
    0xAC GetfieldIW "getfield_i_w" ShortIndex [Reference] => [Int] Next;
    0xAD GetfieldAThis "getfield_a_this" ByteIndex [] => [Reference] Next;
    0xAE GetfieldBThis "getfield_b_this" ByteIndex [] => [Short] Next;
    0xAF GetfieldSThis "getfield_s_this" ByteIndex [] => [Short] Next;
    0xB0 GetfieldIThis "getfield_i_this" ByteIndex [] => [Int] Next;
    0xB1 PutfieldAW "putfield_a_w" ShortIndex [Reference, Reference] => [] Next;
    0xB2 PutfieldBW "putfield_b_w" ShortIndex [Reference, Short] => [] Next;
    0xB3 PutfieldSW "putfield_s_w" ShortIndex [Reference, Short] => [] Next;
    0xB4 PutfieldIW "putfield_i_w" ShortIndex [Reference, Int] => [] Next;
    0xB5 PutfieldAThis "putfield_a_this" ByteIndex [Reference] => [] Next;
    0xB6 PutfieldBThis "putfield_b_this" ByteIndex [Short] => [] Next;
    0xB7 PutfieldSThis "putfield_s_this" ByteIndex [Short] => [] Next;
    0xB8 PutfieldIThis "putfield_i_this" ByteIndex [Int] => [] Next;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_185_opcodes_without_gaps_and_no_mnemonic_twice() {
        assert_eq!(OPERATIONS.len(), 0xB9);
        for (byte, operation) in (0..=u8::MAX).zip(OPERATIONS) {
            assert_eq!(operation.opcode.byte(), byte);
            assert_eq!(Opcode::from_byte(byte), Some(operation.opcode));
            assert_eq!(Opcode::from_mnemonic(operation.mnemonic), Some(operation.opcode));
            assert_eq!(operation.opcode.operation(), operation);
        }
        assert!((0xB9..=u8::MAX).all(|byte| Opcode::from_byte(byte).is_none()));
    }
}
