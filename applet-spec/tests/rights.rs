//! Rights bytes XY: the rule, for every byte and every pair of states.

use applet_spec::{Access, Profile, RightsByte, SecurityStates, StateNeed};

#[test]
fn a_rights_byte_is_given_as_the_rule_says() {
    for byte in 0..=0xFF_u8 {
        let (x, y) = (byte >> 4, byte & 0x0F);
        for master in 0..=15 {
            for directory in 0..=15 {
                let given = if x == 0 { master >= y } else { y <= directory && directory <= x };
                let states = SecurityStates { master, directory };
                assert_eq!(RightsByte(byte).granted(states), given, "{byte:02X} {states:?}");
            }
        }
        let never = x != 0 && x < y;
        assert_eq!(RightsByte(byte).need() == StateNeed::Never, never, "{byte:02X}");
    }
}

#[test]
fn usual_rights_bytes_are_what_they_are_called() {
    assert_eq!(RightsByte::ALWAYS.need(), StateNeed::Nothing);
    assert_eq!(RightsByte::NEVER.need(), StateNeed::Never);
    assert_eq!(RightsByte::from_state(0x0A), RightsByte(0xFA));
    assert_eq!(RightsByte::from_master_state(0x0A), RightsByte(0x0A));
    assert_eq!(RightsByte(0x0A).need(), StateNeed::MasterFrom(0x0A));
    assert_eq!(RightsByte(0x53).need(), StateNeed::Between { low: 3, high: 5 });
}

#[test]
fn a_file_of_a_profile_may_ask_for_a_range_of_states() {
    let text = "extends = \"jtt978\"\nname = \"mine\"\nversion = \"1\"\n\
                [[directory]]\nfid = 0x1001\n[[directory.file]]\nsfi = 0x15\nupdate = 0x53\n";
    let profile = Profile::parse(text, "mine").unwrap_or_else(|errors| panic!("{errors}"));
    let file = profile.public_file().map(|file| (file.read, file.update));
    assert_eq!(file, Some((Access::Free, Access::State(RightsByte(0x53)))));
}
