//! [`Plan`]: what happens in one run. It depends on the seed alone.

use std::time::Duration;

use crate::{service::Caching, store::HolderFault};

/// The settings of one run, and its faults.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// When each process starts.
    pub(crate) starts: Vec<Duration>,
    pub(crate) callers: usize,
    /// The mean pause of a caller between two calls.
    pub(crate) gap: Duration,
    pub(crate) lifetime: Duration,
    /// The longest time of a request or an answer on its way.
    pub(crate) latency: Duration,
    /// The time of an operation of the store on its way. By default it differs.
    pub(crate) store_latency: Option<Duration>,
    /// Whether the processes share a store.
    pub(crate) shares: bool,
    /// Whether the service caches tokens.
    pub(crate) caching: Caching,
    /// Whether the store changes nothing for an operation that comes late.
    pub(crate) keeps_deadlines: bool,
    pub(crate) length: Duration,
    pub(crate) faults: Vec<(Duration, Fault)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The next host that gets the lease crashes, or freezes and goes on later.
    Holder(HolderFault),
    Crash(usize),
    Freeze(usize, Duration),
    StoreDown(Duration),
    StoreHangs(Duration),
    LoseAnswers(usize),
    /// Publications that arrive just in time.
    SlowPublications(usize),
    /// Claims that arrive when their process has given them up.
    LateClaims(usize, Duration),
    LatePublications(usize, Duration),
    CutFromStore(usize, Duration),
    CutFromService(usize, Duration),
    ServiceDown(Duration),
    Revoke,
    RotateSecret,
}

impl Plan {
    /// A run without faults: all processes start at once.
    pub(crate) fn healthy(seed: u64, hosts: usize) -> Self {
        Self {
            seed,
            starts: vec![Duration::ZERO; hosts],
            callers: 1,
            gap: seconds(3.0),
            lifetime: seconds(300.0),
            latency: seconds(0.4),
            store_latency: None,
            shares: true,
            caching: Caching::Off,
            keeps_deadlines: true,
            length: seconds(900.0),
            faults: Vec::new(),
        }
    }

    /// A run with the faults of `seed`.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut pick = |choices: &[usize]| choices[random.usize(..choices.len())];
        let hosts = pick(&[1, 2, 3, 5, 8, 8, 13, 20, 30, 60]);
        let hosts = if seed % 50 == 49 { 200 } else { hosts };
        let lifetime = seconds(pick(&[40, 60, 120, 300, 600]) as f64);
        let length = (lifetime * 4).clamp(seconds(240.0), seconds(1000.0));
        let latency = (lifetime / 20).min(seconds([0.1, 0.3, 0.9, 3.0, 7.0][random.usize(..5)]));
        let callers = random.usize(1..=3);
        let gap = seconds(1.0 + random.f64() * 6.0).max(seconds(hosts as f64 / 20.0));
        let start = |random: &mut fastrand::Rng| match random.u8(..4) {
            0 => length.mul_f64(random.f64() * 0.8),
            _ => Duration::ZERO,
        };
        let starts = (0..hosts).map(|_| start(&mut random)).collect();
        let caching = match random.u8(..8) {
            0 => Caching::ButTheLastSeconds,
            1 => Caching::ToTheEnd,
            _ => Caching::Off,
        };
        let count = random.usize(..8);
        let fault = |random: &mut fastrand::Rng| {
            let at = length.mul_f64(0.9 * random.f64());
            (at, Fault::random(random, hosts))
        };
        let mut faults: Vec<_> = (0..count).map(|_| fault(&mut random)).collect();
        faults.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            starts,
            callers,
            gap,
            lifetime,
            latency,
            store_latency: None,
            shares: true,
            caching,
            keeps_deadlines: true,
            length,
            faults,
        }
    }
}

impl Fault {
    fn random(random: &mut fastrand::Rng, hosts: usize) -> Self {
        let host = random.usize(..hosts);
        let mut between = |from: f64, to: f64| seconds(from + random.f64() * (to - from));
        let (pause, outage, long) = (between(0.5, 40.0), between(0.2, 60.0), between(10.0, 300.0));
        let late = between(0.5, 20.0);
        match random.u8(..16) {
            0 | 1 => Self::Holder(HolderFault::Crash),
            2 | 3 => Self::Holder(HolderFault::Freeze(pause)),
            4 => Self::Crash(host),
            5 => Self::Freeze(host, pause),
            6 => Self::StoreDown(outage),
            7 => Self::StoreHangs(outage),
            8 => Self::LoseAnswers(random.usize(1..4)),
            9 => Self::SlowPublications(random.usize(1..4)),
            14 => Self::LateClaims(random.usize(1..4), late),
            15 => Self::LatePublications(random.usize(1..4), late),
            10 => Self::CutFromStore(host, long),
            11 => Self::CutFromService(host, long),
            12 => Self::ServiceDown(long),
            _ if random.bool() => Self::Revoke,
            _ => Self::RotateSecret,
        }
    }
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
