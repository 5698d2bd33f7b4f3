//! Components back to back are read and verified, alone and against export files; and what is accepted
//! is written as it was read.
#![no_main]

use std::sync::LazyLock;

use capfile::api::Api;
use capfile::cap::{CapFile, components};
use capfile::export::Package;
use capfile::verify::{Context, verify};
use libfuzzer_sys::fuzz_target;

static EXPORTS: LazyLock<Vec<Package>> = LazyLock::new(|| {
    let api = Api::built_in();
    let platform = api.platform("3.0.5").expect("a platform");
    api.of_platform(platform).map(|package| package.offers(platform)).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(parts) = components(bytes) else { return };
    let Ok(cap) = CapFile::read(&parts) else { return };
    for exports in [&EXPORTS[..], &[]] {
        match verify(&cap, &Context { exports, limit: 20 }) {
            Ok(verified) => assert!(verified.work <= 1_000_000 + 512 * bytes.len() as u64),
            Err(refusals) => {
                assert!((1..=20).contains(&refusals.len()));
                refusals.iter().for_each(|refusal| assert!(!refusal.to_string().is_empty()));
            }
        }
    }
});
