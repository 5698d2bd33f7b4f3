//! A Java Card package of a wanted size, as class files.
//!
//! An applet and parts that it calls. The methods are what javac makes of everyday code, with numbers
//! of their own: arithmetic in loops, arrays, switches, fields, exceptions, objects, calls of the
//! platform, of each other, through an interface.

use capfile::Malformed;
use capfile::class::{Builder, Reference, access, op};

use super::method::Method;

/// Name of the package, its AID, its applet's AID and class.
pub(super) const NAME: &str = "bench.made";
pub(super) const AID: &str = "F0000000620099";
pub(super) const APPLET_AID: &str = "F000000062009901";
pub(super) const APPLET: &str = "Wallet";

/// Version of the class files: before stack maps.
const MAJOR: u16 = 49;
const WALLET: &str = "bench/made/Wallet";
const STEP: &str = "bench/made/Step";
const OBJECT: &str = "java/lang/Object";
const ISO_EXCEPTION: &str = "javacard/framework/ISOException";
const UTIL: &str = "javacard/framework/Util";
const FRAMEWORK_APPLET: &str = "javacard/framework/Applet";
const APDU: &str = "javacard/framework/APDU";
/// How often a part has a method of each kind, with other numbers.
const VARIANTS: i16 = 2;

/// Class files by name.
///
/// # Errors
/// A class has more constants than a class file holds.
pub(super) fn classes(parts: u8) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
    let mut classes = vec![("Step".to_owned(), step()?), (APPLET.to_owned(), wallet(parts)?)];
    for number in 0..parts {
        classes.push((format!("Part{number}"), Part::new(number).class()?));
    }
    Ok(classes.into_iter().map(|(name, bytes)| (format!("{name}.class"), bytes)).collect())
}

/// `interface Step { short run(short a); }`
fn step() -> Result<Vec<u8>, Malformed> {
    let mut class = Builder::new(MAJOR, access::INTERFACE | access::ABSTRACT, STEP, Some(OBJECT));
    class.method(access::PUBLIC | access::ABSTRACT, "run", "(S)S", &[]);
    Ok(class.finish()?.to_bytes())
}

/// The applet: makes a chain of the parts, and gives each command to the first.
fn wallet(parts: u8) -> Result<Vec<u8>, Malformed> {
    let mut class =
        Builder::new(MAJOR, access::PUBLIC | access::SUPER, WALLET, Some(FRAMEWORK_APPLET));
    class.field(access::PRIVATE, "first", "Lbench/made/Step;", None);
    let first = field(&mut class, WALLET, "first", "Lbench/made/Step;");

    let mut method = Method::new(3, 2, 10);
    let construct = call(&mut class, FRAMEWORK_APPLET, "<init>", "()V");
    method.says(&[op::ALOAD_0]).pool(op::INVOKESPECIAL, construct);
    method.says(&[op::ACONST_NULL, op::ASTORE_1]);
    for number in (0..parts).rev() {
        let part = format!("bench/made/Part{number}");
        let (constant, construct) = (
            class.class_constant(&part),
            call(&mut class, &part, "<init>", "(Lbench/made/Step;)V"),
        );
        method.says(&[]).pool(op::NEW, constant).also(&[op::DUP, op::ALOAD_1]);
        method.pool(op::INVOKESPECIAL, construct).also(&[op::ASTORE_1]);
    }
    method.says(&[op::ALOAD_0, op::ALOAD_1]).pool(op::PUTFIELD, first);
    let register = call(&mut class, WALLET, "register", "()V");
    method.says(&[op::ALOAD_0]).pool(op::INVOKEVIRTUAL, register).says(&[op::RETURN]);
    class.method_with_code(access::PRIVATE, "<init>", "()V", &method.finish());

    let mut method = Method::new(2, 3, 30);
    let (own, construct) =
        (class.class_constant(WALLET), call(&mut class, WALLET, "<init>", "()V"));
    method.says(&[]).pool(op::NEW, own).also(&[op::DUP]).pool(op::INVOKESPECIAL, construct);
    method.also(&[op::POP]).says(&[op::RETURN]);
    let flags = access::PUBLIC | access::STATIC;
    class.method_with_code(flags, "install", "([BSB)V", &method.finish());

    let mut method = Method::new(3, 4, 40);
    let go = method.label();
    let selecting = call(&mut class, WALLET, "selectingApplet", "()Z");
    method.says(&[op::ALOAD_0]).pool(op::INVOKEVIRTUAL, selecting).jump(op::IFEQ, go);
    method.says(&[op::RETURN]).here(go);
    let buffer = call(&mut class, APDU, "getBuffer", "()[B");
    method.says(&[op::ALOAD_1]).pool(op::INVOKEVIRTUAL, buffer).also(&[op::ASTORE_2]);
    let (get, set) = (
        call(&mut class, UTIL, "getShort", "([BS)S"),
        call(&mut class, UTIL, "setShort", "([BSS)S"),
    );
    let run = class.interface_method_constant(member(STEP, "run", "(S)S"));
    method.says(&[op::ALOAD_0]).pool(op::GETFIELD, first).also(&[op::ALOAD_2, op::ICONST_2]);
    method.pool(op::INVOKESTATIC, get).interface(run, 2).also(&[op::ISTORE_3]);
    method.says(&[op::ALOAD_2, op::ICONST_0, op::ILOAD_3]).pool(op::INVOKESTATIC, set);
    method.also(&[op::POP]);
    let send = call(&mut class, APDU, "setOutgoingAndSend", "(SS)V");
    method.says(&[op::ALOAD_1, op::ICONST_0, op::ICONST_2]).pool(op::INVOKEVIRTUAL, send);
    method.says(&[op::RETURN]);
    let descriptor = "(Ljavacard/framework/APDU;)V";
    class.method_with_code(access::PUBLIC, "process", descriptor, &method.finish());
    Ok(class.finish()?.to_bytes())
}

/// A part that grows.
struct Part {
    name: String,
    number: i16,
    class: Builder,
    line: u16,
}

/// Fields of a part: name and type; `total` is static.
const FIELDS: [(&str, &str); 7] = [
    ("count", "S"),
    ("state", "B"),
    ("buffer", "[B"),
    ("table", "[S"),
    ("list", "[Ljava/lang/Object;"),
    ("next", "Lbench/made/Step;"),
    ("total", "S"),
];

impl Part {
    fn new(number: u8) -> Self {
        let name = format!("bench/made/Part{number}");
        let class = Builder::new(MAJOR, access::SUPER, &name, Some(OBJECT));
        Self { name, number: i16::from(number), class, line: 10 }
    }

    fn class(mut self) -> Result<Vec<u8>, Malformed> {
        self.class.interface(STEP);
        for (name, descriptor) in FIELDS {
            let flags = if name == "total" { access::STATIC } else { 0 };
            self.class.field(access::PRIVATE | flags, name, descriptor, None);
        }
        self.constructor();
        self.run();
        for variant in 0..VARIANTS {
            let number = self.number * VARIANTS + variant;
            self.mix(variant, number);
            self.sum(variant);
            self.dispatch(variant, number);
            self.choose(variant, number);
            self.guarded(variant, number);
            self.update(variant, number);
            self.copy(variant, number);
            self.keep(variant);
        }
        Ok(self.class.finish()?.to_bytes())
    }

    /// The next method, some lines below the one before.
    fn method(&mut self, max_stack: u16, max_locals: u16) -> Method {
        self.line = self.line.saturating_add(20);
        Method::new(max_stack, max_locals, self.line)
    }

    fn done(&mut self, flags: u16, name: &str, descriptor: &str, method: Method) {
        self.class.method_with_code(flags, name, descriptor, &method.finish());
    }

    fn own(&mut self, name: &str) -> u16 {
        let descriptor =
            FIELDS.iter().find(|(known, _)| *known == name).map_or("", |(_, known)| *known);
        field(&mut self.class, &self.name, name, descriptor)
    }

    fn call(&mut self, name: &str, descriptor: &str) -> u16 {
        call(&mut self.class, &self.name, name, descriptor)
    }

    fn constructor(&mut self) {
        let mut method = self.method(2, 2);
        let construct = call(&mut self.class, OBJECT, "<init>", "()V");
        let object = self.class.class_constant(OBJECT);
        method.says(&[op::ALOAD_0]).pool(op::INVOKESPECIAL, construct);
        method.says(&[op::ALOAD_0, op::ALOAD_1]).pool(op::PUTFIELD, self.own("next"));
        method.says(&[op::ALOAD_0]).push(32).also(&[op::NEWARRAY, 8]);
        method.pool(op::PUTFIELD, self.own("buffer"));
        method.says(&[op::ALOAD_0]).push(8).also(&[op::NEWARRAY, 9]);
        method.pool(op::PUTFIELD, self.own("table"));
        method.says(&[op::ALOAD_0]).push(4).pool(op::ANEWARRAY, object);
        method.pool(op::PUTFIELD, self.own("list")).says(&[op::RETURN]);
        self.done(0, "<init>", "(Lbench/made/Step;)V", method);
    }

    /// `return dispatch0((byte) a, a);`
    fn run(&mut self) {
        let mut method = self.method(3, 2);
        let dispatch = self.call("dispatch0", "(BS)S");
        method.says(&[op::ALOAD_0, op::ILOAD_1, op::I2B, op::ILOAD_1]);
        method.pool(op::INVOKEVIRTUAL, dispatch).also(&[op::IRETURN]);
        self.done(access::PUBLIC, "run", "(S)S", method);
    }

    /// Arithmetic in a loop.
    fn mix(&mut self, variant: i16, number: i16) {
        let mut method = self.method(3, 4);
        let (again, positive, test) = (method.label(), method.label(), method.label());
        method.says(&[]).push(number * 7 + 3).also(&[op::ISTORE_2]);
        method.says(&[op::ICONST_0, op::ISTORE_3]).jump(op::GOTO, test).here(again);
        method.says(&[op::ILOAD_2]).push(31).also(&[op::IMUL, op::ILOAD_0, op::ILOAD_3, op::IXOR]);
        method.also(&[op::IADD, op::I2S, op::ISTORE_2]);
        method.says(&[op::ILOAD_2]).jump(op::IFGE, positive);
        method.says(&[op::ILOAD_2, op::INEG]).push(i16::MAX);
        method.also(&[op::IAND, op::I2S, op::ISTORE_2]).here(positive);
        method.says(&[op::ILOAD_1, op::ILOAD_2, op::ICONST_1, op::ISHR]);
        method.also(&[op::IADD, op::I2S, op::ISTORE_1]);
        method.says(&[op::ILOAD_3, op::ICONST_1, op::IADD, op::I2S, op::ISTORE_3]).here(test);
        method.says(&[op::ILOAD_3]).push(number % 40 + 2).jump(op::IF_ICMPLT, again);
        method.says(&[op::ILOAD_2, op::ILOAD_1, op::IXOR, op::I2S, op::IRETURN]);
        self.done(access::PRIVATE | access::STATIC, &format!("mix{variant}"), "(SS)S", method);
    }

    /// Arrays in a loop.
    fn sum(&mut self, variant: i16) {
        let mut method = self.method(4, 6);
        let (again, test) = (method.label(), method.label());
        let table = self.own("table");
        method.says(&[op::ICONST_0, op::ISTORE, 4]);
        method.says(&[op::ICONST_0, op::ISTORE, 5]).jump(op::GOTO, test).here(again);
        method.says(&[op::ILOAD, 4, op::ALOAD_1, op::ILOAD_2, op::ILOAD, 5, op::IADD, op::I2S]);
        method.also(&[op::BALOAD]).push(255).also(&[op::IAND, op::IADD, op::I2S, op::ISTORE, 4]);
        method.says(&[op::ALOAD_0]).pool(op::GETFIELD, table).also(&[op::ILOAD, 5, op::ALOAD_0]);
        method.pool(op::GETFIELD, table).also(&[op::ARRAYLENGTH, op::IREM, op::I2S]);
        method.also(&[op::ILOAD, 4, op::SASTORE]);
        method.says(&[op::ILOAD, 5, op::ICONST_1, op::IADD, op::I2S, op::ISTORE, 5]).here(test);
        method.says(&[op::ILOAD, 5, op::ILOAD_3]).jump(op::IF_ICMPLT, again);
        method.says(&[op::ILOAD, 4, op::IRETURN]);
        self.done(0, &format!("sum{variant}"), "([BSS)S", method);
    }

    /// A switch over small numbers that calls everything else.
    fn dispatch(&mut self, variant: i16, number: i16) {
        let mut method = self.method(4, 3);
        let rows: Vec<_> = (0..7).map(|_| method.label()).collect();
        let otherwise = method.label();
        method.says(&[op::ILOAD_1]).table(&rows, otherwise);
        let named = |name: &str| format!("{name}{variant}");
        let mix = self.call(&named("mix"), "(SS)S");
        let sum = self.call(&named("sum"), "([BSS)S");
        let update = self.call(&named("update"), "(S)V");
        let guarded = self.call(&named("guarded"), "(S)S");
        let keep = self.call(&named("keep"), "(Ljava/lang/Object;)S");
        let copy = self.call(&named("copy"), "([BS)S");
        let choose = self.call(&named("choose"), "(S)S");
        let run = self.class.interface_method_constant(member(STEP, "run", "(S)S"));
        let throw = call(&mut self.class, ISO_EXCEPTION, "throwIt", "(S)V");
        let (buffer, count, next) = (self.own("buffer"), self.own("count"), self.own("next"));
        for (row, label) in rows.into_iter().enumerate() {
            method.here(label);
            match row {
                0 => method.says(&[op::ILOAD_2]).push(number + 9).pool(op::INVOKESTATIC, mix),
                1 => {
                    method.says(&[op::ALOAD_0, op::ALOAD_0]).pool(op::GETFIELD, buffer);
                    method.also(&[op::ICONST_0, op::ILOAD_2]).pool(op::INVOKEVIRTUAL, sum)
                }
                2 => {
                    method.says(&[op::ALOAD_0, op::ILOAD_2]).pool(op::INVOKEVIRTUAL, update);
                    method.says(&[op::ALOAD_0]).pool(op::GETFIELD, count)
                }
                3 => {
                    method.says(&[op::ALOAD_0]).pool(op::GETFIELD, next).also(&[op::ILOAD_2]);
                    method.interface(run, 2)
                }
                4 => method.says(&[op::ALOAD_0, op::ILOAD_2]).pool(op::INVOKEVIRTUAL, guarded),
                5 => {
                    method.says(&[op::ALOAD_0, op::ALOAD_0]).pool(op::INVOKEVIRTUAL, keep);
                    method.also(&[op::POP, op::ALOAD_0, op::ILOAD_2]);
                    method.pool(op::INVOKEVIRTUAL, choose)
                }
                _ => {
                    method.says(&[op::ALOAD_0, op::ALOAD_0]).pool(op::GETFIELD, buffer);
                    method.also(&[op::ILOAD_2]).pool(op::INVOKEVIRTUAL, copy)
                }
            };
            method.also(&[op::IRETURN]);
        }
        method.here(otherwise).says(&[]).push(0x6D00).pool(op::INVOKESTATIC, throw);
        method.says(&[op::ICONST_0, op::IRETURN]);
        self.done(0, &format!("dispatch{variant}"), "(BS)S", method);
    }

    /// A switch over numbers that lie apart.
    fn choose(&mut self, variant: i16, number: i16) {
        let mut method = self.method(2, 2);
        let values = [-200, 17, 900, 4000 + i32::from(number), 30_000];
        let rows: Vec<_> = values.into_iter().map(|value| (value, method.label())).collect();
        let otherwise = method.label();
        method.says(&[op::ILOAD_1]).lookup(&rows, otherwise);
        for (value, label) in rows {
            method.here(label).says(&[]).push((value % 300) as i16 + number);
            method.also(&[op::IRETURN]);
        }
        method.here(otherwise).says(&[op::ICONST_M1, op::IRETURN]);
        self.done(0, &format!("choose{variant}"), "(S)S", method);
    }

    /// Exceptions, caught and thrown.
    fn guarded(&mut self, variant: i16, number: i16) {
        let mut method = self.method(4, 3);
        let (start, end) = (method.label(), method.label());
        let sum = self.call(&format!("sum{variant}"), "([BSS)S");
        let buffer = self.own("buffer");
        let throw = call(&mut self.class, ISO_EXCEPTION, "throwIt", "(S)V");
        let reason = call(&mut self.class, ISO_EXCEPTION, "getReason", "()S");
        let beyond = self.class.class_constant("java/lang/ArrayIndexOutOfBoundsException");
        let refused = self.class.class_constant(ISO_EXCEPTION);
        method.here(start).says(&[op::ALOAD_0, op::ALOAD_0]).pool(op::GETFIELD, buffer);
        method.also(&[op::ILOAD_1]).push(number % 30 + 1).pool(op::INVOKEVIRTUAL, sum);
        method.also(&[op::IRETURN]).here(end);
        method.catch(start, end, beyond).says(&[op::ASTORE_2]);
        method.says(&[]).push(0x6700).pool(op::INVOKESTATIC, throw);
        method.says(&[op::ICONST_M1, op::IRETURN]);
        method.catch(start, end, refused).says(&[op::ASTORE_2]);
        method.says(&[op::ALOAD_2]).pool(op::INVOKEVIRTUAL, reason).also(&[op::IRETURN]);
        self.done(0, &format!("guarded{variant}"), "(S)S", method);
    }

    /// Fields of the object and of the class.
    fn update(&mut self, variant: i16, number: i16) {
        let mut method = self.method(3, 2);
        let there = method.label();
        let (count, total, buffer) = (self.own("count"), self.own("total"), self.own("buffer"));
        method.says(&[op::ALOAD_0, op::DUP]).pool(op::GETFIELD, count).also(&[op::ILOAD_1]);
        method.also(&[op::IADD, op::I2S]).pool(op::PUTFIELD, count);
        method.says(&[op::ALOAD_0]).push(number % 100).pool(op::PUTFIELD, self.own("state"));
        method.says(&[]).pool(op::GETSTATIC, total).push(number * 3);
        method.also(&[op::IADD, op::I2S]).pool(op::PUTSTATIC, total);
        method.says(&[op::ALOAD_0]).pool(op::GETFIELD, buffer).jump(op::IFNONNULL, there);
        method.says(&[op::ALOAD_0]).push(16).also(&[op::NEWARRAY, 8]).pool(op::PUTFIELD, buffer);
        method.here(there).says(&[op::RETURN]);
        self.done(0, &format!("update{variant}"), "(S)V", method);
    }

    /// Calls of the platform.
    fn copy(&mut self, variant: i16, number: i16) {
        let mut method = self.method(5, 3);
        let buffer = self.own("buffer");
        let copy = call(&mut self.class, UTIL, "arrayCopyNonAtomic", "([BS[BSS)S");
        let set = call(&mut self.class, UTIL, "setShort", "([BSS)S");
        let get = call(&mut self.class, UTIL, "getShort", "([BS)S");
        method.says(&[op::ALOAD_1, op::ICONST_0, op::ALOAD_0]).pool(op::GETFIELD, buffer);
        method.push(number % 16).also(&[op::ILOAD_2]).pool(op::INVOKESTATIC, copy);
        method.also(&[op::POP]).says(&[op::ALOAD_0]).pool(op::GETFIELD, buffer);
        method.also(&[op::ICONST_2, op::ILOAD_2]).pool(op::INVOKESTATIC, set).also(&[op::POP]);
        method.says(&[op::ALOAD_0]).pool(op::GETFIELD, buffer).also(&[op::ICONST_0]);
        method.pool(op::INVOKESTATIC, get).also(&[op::IRETURN]);
        self.done(0, &format!("copy{variant}"), "([BS)S", method);
    }

    /// Objects of a type that is asked for.
    fn keep(&mut self, variant: i16) {
        let mut method = self.method(3, 2);
        let other = method.label();
        let own = self.class.class_constant(&self.name);
        let (list, count) = (self.own("list"), self.own("count"));
        method.says(&[op::ALOAD_0]).pool(op::GETFIELD, list).push(variant);
        method.also(&[op::ALOAD_1, op::AASTORE]);
        method.says(&[op::ALOAD_1]).pool(op::INSTANCEOF, own).jump(op::IFEQ, other);
        method.says(&[op::ALOAD_1]).pool(op::CHECKCAST, own).pool(op::GETFIELD, count);
        method.also(&[op::IRETURN]).here(other).says(&[op::ICONST_0, op::IRETURN]);
        self.done(0, &format!("keep{variant}"), "(Ljava/lang/Object;)S", method);
    }
}

fn member<'a>(class: &'a str, name: &'a str, descriptor: &'a str) -> Reference<'a> {
    Reference { class, name, descriptor }
}

fn field(class: &mut Builder, owner: &str, name: &str, descriptor: &str) -> u16 {
    class.field_constant(member(owner, name, descriptor))
}

fn call(class: &mut Builder, owner: &str, name: &str, descriptor: &str) -> u16 {
    class.method_constant(member(owner, name, descriptor))
}
