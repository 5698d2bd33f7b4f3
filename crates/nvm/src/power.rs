//! Power, and the count of physical writes: the one place where power is lost.

/// What a physical write came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Done,
    Lost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Off,
    Idle,
    InTransaction,
}

#[derive(Clone)]
pub(crate) struct Power {
    writes: u64,
    /// the value of `writes` at which power is lost; `u64::MAX` is never
    tear: u64,
    state: State,
}

impl Power {
    pub fn on() -> Power {
        Power { writes: 0, tear: u64::MAX, state: State::Idle }
    }

    /// Counts the physical write about to happen, or loses power at it.
    #[inline]
    pub fn step(&mut self) -> Step {
        self.writes += 1;
        if self.writes == self.tear {
            return self.lose();
        }
        Step::Done
    }

    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// A tear still ahead stays ahead by the same number of writes.
    pub fn switch_on(&mut self) {
        if self.tear != u64::MAX {
            self.tear -= self.writes;
        }
        self.writes = 0;
        self.state = State::Idle;
    }

    pub fn switch_off(&mut self) {
        self.state = State::Off;
    }

    pub fn tear_ahead(&self) -> Option<u64> {
        (self.tear != u64::MAX).then(|| self.tear - self.writes)
    }

    pub fn tear_at(&mut self, k: Option<u64>) {
        match k {
            Some(0) => self.switch_off(),
            Some(k) => self.tear = self.writes.saturating_add(k),
            None => self.tear = u64::MAX,
        }
    }

    #[inline]
    pub fn is_on(&self) -> bool {
        self.state != State::Off
    }

    #[inline]
    pub fn in_transaction(&self) -> bool {
        self.state == State::InTransaction
    }

    pub fn open_transaction(&mut self) {
        self.state = State::InTransaction;
    }

    pub fn close_transaction(&mut self) {
        self.state = State::Idle;
    }

    #[cold]
    fn lose(&mut self) -> Step {
        self.tear = u64::MAX;
        self.state = State::Off;
        Step::Lost
    }
}
