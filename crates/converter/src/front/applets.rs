//! What the request says of the package and its applets.

use capfile::Aid;

use super::{ClassRef, Program};
use crate::diagnostic::{Place, Sink};
use crate::request::Request;
use capfile::class::access;

pub(super) fn check(program: &Program, request: &Request<'_>, sink: &mut Sink) {
    let package = Place { construct: program.package.replace('/', "."), ..Place::default() };
    let package_aid = match Aid::new(request.aid) {
        Ok(aid) => Some(aid),
        Err(error) => {
            sink.error(&package, format!("package AID: {error}"), "An AID has 5 to 16 bytes.");
            None
        }
    };
    let mut multiselectable = None;
    for (at, applet) in request.applets.iter().enumerate() {
        let place = Place { construct: format!("applet {}", applet.class), ..Place::default() };
        match Aid::new(applet.aid) {
            Err(error) => sink.error(&place, error.to_string(), "An AID has 5 to 16 bytes."),
            Ok(aid) => {
                if let Some(package) = package_aid.filter(|package| package.rid() != aid.rid()) {
                    let text = format!(
                        "the AID {aid} does not begin like the package's, {package}: their first five bytes must be the same"
                    );
                    sink.error(
                        &place,
                        text,
                        "Change one of both AIDs; the first five bytes say whose they are.",
                    );
                }
            }
        }
        let earlier = request.applets.get(..at).unwrap_or_default();
        if earlier.iter().any(|other| other.aid == applet.aid) {
            let text = "another applet of the package has the same AID";
            sink.error(&place, text, "Give each applet an AID of its own.");
        }
        let Some(class) = program.own_class(applet.class) else {
            let text = format!("class {} is not among the class files", applet.class);
            sink.error(&place, text, "Name a class of the package, or give its class file.");
            continue;
        };
        check_class(program, class, sink);
        let is_multiselectable = program.chain(ClassRef::Internal(class)).iter().any(|class| {
            let interfaces = program.all_interfaces(*class);
            interfaces.iter().any(|interface| program.class_name(*interface) == MULTISELECTABLE)
        });
        if *multiselectable.get_or_insert(is_multiselectable) != is_multiselectable {
            sink.error(
                &place,
                "some applets of the package are multiselectable and some are not",
                "Let all applets implement MultiSelectable, or none; or split the package.",
            );
        }
    }
}

const MULTISELECTABLE: &str = "javacard/framework/MultiSelectable";
const APPLET: &str = "javacard/framework/Applet";

fn check_class(program: &Program, index: usize, sink: &mut Sink) {
    let Some(class) = program.class(index) else { return };
    let place = class.place();
    let this = ClassRef::Internal(index);
    let is_applet =
        program.superclasses(this).iter().any(|above| program.class_name(*above) == APPLET);
    if !is_applet {
        sink.error(
            &place,
            "the class is no applet: it does not extend javacard.framework.Applet",
            "Name the class that extends Applet.",
        );
        return;
    }
    if class.access & access::ABSTRACT != 0 {
        sink.error(&place, "the applet's class is abstract", "Name a class with objects.");
    }
    // An applet inherits a method `install` from Applet that does nothing but fail.
    let install = program.install_method(index).filter(|member| {
        matches!(member.class, ClassRef::Internal(_))
            && program.method_access(*member) & (access::PUBLIC | access::STATIC)
                == access::PUBLIC | access::STATIC
    });
    if install.is_none() {
        sink.error(
            &place,
            "the applet has no method public static void install(byte[], short, byte)",
            "Write it: public static void install(byte[] b, short offset, byte length) { new MyApplet().register(); }",
        );
    }
}
