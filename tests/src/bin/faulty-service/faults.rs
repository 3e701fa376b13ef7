//! [`Faults`]: what happens to each request, from a seed.

use std::{
    str::FromStr,
    sync::{
        Mutex,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};

/// The phase, and the random numbers that choose a fault under it.
#[derive(Debug)]
pub(crate) struct Faults {
    phase: AtomicU8,
    random: Mutex<fastrand::Rng>,
}

/// How likely a fault is.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Phase {
    /// No request is disturbed.
    Calm = 0,
    /// A quarter of the requests is disturbed.
    Mixed = 1,
    /// Every request is disturbed, and not by a delay alone.
    Outage = 2,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The service answers after this time.
    Delay(Duration),
    /// No answer comes for longer than the client waits.
    Hang,
    /// A refusal with this status, and perhaps a `Retry-After` in seconds.
    Refuse(u16, Option<u32>),
    /// The service refuses the refresh token. A request without one is answered.
    RefuseRefreshToken,
    /// A success whose body is not JSON.
    Garbage,
    /// A gateway's page.
    GatewayPage,
    /// Bytes that are not HTTP.
    NotHttp,
    /// Half of the answer, and then the end of the connection, or of the HTTP/2 stream.
    Truncate,
    /// The answer in pieces, with a pause before each.
    Slow(Duration),
    /// The connection closes without an answer.
    Drop,
    /// HTTP/2: RST_STREAM with this reason. HTTP/1.1: the connection closes.
    ResetStream(h2::Reason),
    /// HTTP/2: GOAWAY, which lets the requests in flight end. HTTP/1.1: `Connection: close`.
    GoAway,
    /// HTTP/2: GOAWAY with an error, which ends every request on the connection. HTTP/1.1: the connection
    /// closes.
    GoAwayNow,
}

impl Faults {
    pub(crate) fn with_seed(seed: u64) -> Self {
        Self { phase: AtomicU8::new(Phase::Calm as u8), random: fastrand::Rng::with_seed(seed).into() }
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    /// The fault of the next request.
    pub(crate) fn next(&self) -> Option<Fault> {
        let mut random = self.random.lock().unwrap();
        let phase = self.phase.load(Relaxed);
        match phase {
            0 => None,
            1 if random.u8(..4) > 0 => None,
            1 => Some(fault(&mut random)),
            _ => loop {
                let fault = fault(&mut random);
                if !matches!(
                    fault,
                    Fault::Delay(_) | Fault::Slow(_) | Fault::GoAway | Fault::RefuseRefreshToken
                ) {
                    return Some(fault);
                }
            },
        }
    }

    /// Whether the next connection is reset where others are closed.
    pub(crate) fn resets(&self) -> bool {
        self.random.lock().unwrap().bool()
    }
}

fn fault(random: &mut fastrand::Rng) -> Fault {
    let pause = Duration::from_millis(random.u64(20..200));
    match random.u8(..20) {
        0..3 => Fault::Delay(2 * pause),
        3 if random.u8(..4) == 0 => Fault::Hang,
        3..5 => Fault::Slow(pause),
        5 => Fault::Refuse(429, Some(1)),
        6 => Fault::Refuse(503, Some(1)),
        7 => Fault::Refuse(*random.choice(&[429, 503]).unwrap(), None),
        8 => Fault::Refuse(*random.choice(&[408, 500, 502, 504]).unwrap(), None),
        9..11 => Fault::RefuseRefreshToken,
        11 => Fault::Garbage,
        12 => Fault::GatewayPage,
        13 => Fault::NotHttp,
        14 => Fault::Truncate,
        15 => Fault::Drop,
        16 => Fault::ResetStream(h2::Reason::REFUSED_STREAM),
        17 => Fault::ResetStream(*random.choice(&[h2::Reason::INTERNAL_ERROR, h2::Reason::CANCEL]).unwrap()),
        18 => Fault::GoAway,
        _ => Fault::GoAwayNow,
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "calm" => Ok(Self::Calm),
            "mixed" => Ok(Self::Mixed),
            "outage" => Ok(Self::Outage),
            _ => Err(format!("no such phase: {name}")),
        }
    }
}
