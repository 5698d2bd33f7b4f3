use capfile::api::*;
fn main() {
    let api = Api::built_in();
    for t in api.packages() {
        for v in &t.versions {
            let p = api.package(&t.name, *v).unwrap();
            for c in p.classes() {
                println!(
                    "C {} {} {} {} {} {:?} {:?} {}",
                    t.name,
                    v,
                    c.token,
                    c.name,
                    c.access,
                    p.superclasses(c),
                    c.interfaces,
                    p.inheritable(c)
                );
                for m in p.listed(c) {
                    println!(
                        "M {} {} {} {} {} {} {:?}",
                        t.name, v, c.name, m.name, m.descriptor, m.access, m.kind
                    );
                }
            }
        }
    }
}
