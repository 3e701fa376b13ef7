//! [`Contest`]: contestants timed in turns, so that a drift in the machine's speed affects all of them alike.

use std::time::{Duration, Instant};

/// A name, and one turn of the work that is timed.
type Contestant<'a> = (String, Box<dyn FnMut() + 'a>);

/// Times its contestants one after the other, over many rounds. The first one is the floor.
#[derive(Default)]
pub struct Contest<'a> {
    contestants: Vec<Contestant<'a>>,
}

impl<'a> Contest<'a> {
    /// A contest without contestants.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a contestant. Each `turn` does the same amount of work, enough for the clock's resolution.
    pub fn add(&mut self, name: impl Into<String>, turn: impl FnMut() + 'a) {
        self.contestants.push((name.into(), Box::new(turn)));
    }

    /// Prints what [`shares`](Self::shares) measures.
    #[allow(clippy::print_stdout)] // a benchmark prints
    pub fn run(self, title: &str, rounds: usize) {
        println!("\n{title}, {rounds} rounds: share of the floor's time, median [quartiles]");
        for (name, [low, median, high]) in self.shares(rounds) {
            println!("  {name:<44} {median:.2} [{low:.2}, {high:.2}]");
        }
    }

    /// Times `rounds` turns of each contestant, and compares each turn with the floor's turn of the same round.
    /// Returns each name with the quartiles of its ratios.
    #[allow(clippy::disallowed_methods)] // a benchmark times
    pub fn shares(mut self, rounds: usize) -> Vec<(String, [f64; 3])> {
        let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(rounds); self.contestants.len()];
        for round in 0..=rounds {
            for ((_, turn), times) in self.contestants.iter_mut().zip(&mut times) {
                let begun = Instant::now();
                turn();
                // The first round warms up.
                if round > 0 {
                    times.push(begun.elapsed());
                }
            }
        }
        let floor = times[0].clone();
        let names = self.contestants.into_iter().map(|(name, _)| name);
        names.zip(&times).map(|(name, own)| (name, quartiles(own.iter().zip(&floor)))).collect()
    }
}

impl std::fmt::Debug for Contest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contest").field("contestants", &self.contestants.len()).finish()
    }
}

fn quartiles<'a>(turns: impl Iterator<Item = (&'a Duration, &'a Duration)>) -> [f64; 3] {
    let mut shares: Vec<f64> = turns.map(|(own, floor)| own.as_secs_f64() / floor.as_secs_f64()).collect();
    shares.sort_by(f64::total_cmp);
    [1, 2, 3].map(|part| shares[(shares.len() - 1) * part / 4])
}
