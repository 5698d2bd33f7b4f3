//! Rights as ranges of security states, as cards built by commands have them.

/// A rights byte XY (权限字节): in which security states (安全状态) something may be done.
///
/// Sources: two manuals and one program run against real cards agree on the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RightsByte(pub u8);

/// The security states that rights are held against, 0 to 15 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecurityStates {
    /// That of the MF.
    pub master: u8,
    /// That of the current directory; the MF's where that is current.
    pub directory: u8,
}

/// What a rights byte asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateNeed {
    /// Nothing.
    Nothing,
    /// 0Y: state Y or higher in the MF.
    MasterFrom(u8),
    /// XY: a state from `low` to `high` in the current directory.
    Between {
        /// Y.
        low: u8,
        /// X.
        high: u8,
    },
    /// XY with X below Y: what never is.
    Never,
}

impl RightsByte {
    /// F0: in any state.
    pub const ALWAYS: Self = Self(0xF0);
    /// EF: in none.
    pub const NEVER: Self = Self(0xEF);

    /// FY: in this state of the current directory or a higher one.
    pub const fn from_state(state: u8) -> Self {
        Self(0xF0 | (state & 0x0F))
    }

    /// 0Y: in this state of the MF or a higher one.
    pub const fn from_master_state(state: u8) -> Self {
        Self(state & 0x0F)
    }

    /// What it asks for.
    pub const fn need(self) -> StateNeed {
        match (self.0 >> 4, self.0 & 0x0F) {
            (0x0 | 0xF, 0x0) => StateNeed::Nothing,
            (0x0, low) => StateNeed::MasterFrom(low),
            (high, low) if high < low => StateNeed::Never,
            (high, low) => StateNeed::Between { low, high },
        }
    }

    /// Whether it is given in these states.
    pub const fn granted(self, states: SecurityStates) -> bool {
        match self.need() {
            StateNeed::Nothing => true,
            StateNeed::MasterFrom(low) => states.master >= low,
            StateNeed::Between { low, high } => low <= states.directory && states.directory <= high,
            StateNeed::Never => false,
        }
    }
}
