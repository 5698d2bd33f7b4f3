//! What the Class component says for remote method invocation.

use capfile::cap;
use sha1::{Digest, Sha1};

use crate::front::{ClassRef, Program, Signature};
use crate::layout::Package;

/// Types of remote methods, each once.
#[derive(Default)]
pub(super) struct Signatures {
    pub(super) pool: Vec<u8>,
    known: Vec<(Vec<u8>, u16)>,
}

impl Signatures {
    fn place(&mut self, descriptor: Vec<u8>) -> u16 {
        if let Some((_, place)) = self.known.iter().find(|(known, _)| *known == descriptor) {
            return *place;
        }
        let place = u16::try_from(self.pool.len()).unwrap_or(u16::MAX);
        self.pool.extend(&descriptor);
        self.known.push((descriptor, place));
        place
    }
}

/// Name without the package.
pub(super) fn simple_name(name: &str) -> Vec<u8> {
    name.rsplit('/').next().unwrap_or(name).as_bytes().to_vec()
}

/// Remote methods of a class by their hashes, and its remote interfaces.
pub(super) fn remote(
    program: &Program,
    package: &Package,
    index: usize,
    signatures: &mut Signatures,
) -> cap::Remote {
    let mut interfaces = Vec::new();
    for class in program.chain(ClassRef::Internal(index)).into_iter().rev() {
        for interface in program.all_interfaces(class) {
            let is_remote = program.class_name(interface) != REMOTE
                && program
                    .all_interfaces(interface)
                    .iter()
                    .any(|above| program.class_name(*above) == REMOTE);
            if is_remote && !interfaces.contains(&interface) {
                interfaces.push(interface);
            }
        }
    }
    let mut names: Vec<(String, String)> = Vec::new();
    for name in interfaces.iter().flat_map(|interface| program.interface_methods(*interface)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let (hash_modifier, hashes) = hashes(&names);
    let table = package.class_tokens(index).map(|tokens| tokens.public.as_slice());
    let mut methods = Vec::new();
    for ((name, descriptor), hash) in names.iter().zip(hashes) {
        let place = table
            .unwrap_or_default()
            .iter()
            .position(|entry| entry.name == *name && entry.descriptor == *descriptor);
        let token = place.and_then(|token| u8::try_from(token).ok());
        let signature = Signature::parse(descriptor)
            .and_then(|signature| package.method_type(program, &signature));
        if let (Some(token), Some(signature)) = (token, signature) {
            let signature = signatures.place(signature);
            methods.push(cap::RemoteMethod { hash, signature, token });
        }
    }
    methods.sort_by_key(|method| method.hash);
    cap::Remote {
        methods,
        hash_modifier,
        name: program.class(index).map(|class| simple_name(&class.name)).unwrap_or_default(),
        interfaces: interfaces
            .into_iter()
            .map(|interface| package.class_ref(program, interface))
            .collect(),
    }
}

const REMOTE: &str = "java/rmi/Remote";

/// Hashes of names and types, and the text before them that makes all different.
fn hashes(names: &[(String, String)]) -> (Vec<u8>, Vec<u16>) {
    let with = |modifier: &[u8]| -> Vec<u16> {
        let hash = |(name, descriptor): &(String, String)| {
            let mut sha = Sha1::new();
            sha.update(modifier);
            sha.update(name);
            sha.update(descriptor);
            let digest = sha.finalize();
            digest.iter().take(2).fold(0_u16, |sum, byte| sum << 8 | u16::from(*byte))
        };
        names.iter().map(hash).collect()
    };
    let are_different = |hashes: &[u16]| {
        let mut sorted = hashes.to_vec();
        sorted.sort_unstable();
        sorted.windows(2).all(|pair| pair.first() != pair.last())
    };
    let plain = with(&[]);
    if are_different(&plain) {
        return (Vec::new(), plain);
    }
    // Two methods in 65,536 hashes seldom meet twice.
    for number in 0_u16..1000 {
        let modifier = number.to_string().into_bytes();
        let hashes = with(&modifier);
        if are_different(&hashes) {
            return (modifier, hashes);
        }
    }
    (Vec::new(), plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_start_of_sha1_over_name_and_types() {
        let name = ("amount".to_owned(), "()S".to_owned());
        assert_eq!(hashes(&[name]), (Vec::new(), vec![0x01AD]));
    }

    #[test]
    fn hashes_that_meet_are_taken_apart() {
        let name = |number: u32| (format!("m{number}"), "()V".to_owned());
        let first = hashes(&[name(0)]).1;
        let other = (1..200_000).find(|number| hashes(&[name(*number)]).1 == first).unwrap();
        let (modifier, both) = hashes(&[name(0), name(other)]);
        assert!(!modifier.is_empty());
        assert_ne!(both[0], both[1]);
    }
}
