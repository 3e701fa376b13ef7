//! [`Contest`]: contestants timed in turns, so that a drift in the machine's speed affects all of them alike.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

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

    /// Prints the shares of the floor's time and of its processor time. Other load on the machine makes the first
    /// one wide, and hardly touches the second.
    #[allow(clippy::print_stdout)] // a benchmark prints
    pub fn run(self, title: &str, rounds: usize) {
        println!(
            "\n{title}, {rounds} rounds: shares of the floor's time and processor time, medians [quartiles]"
        );
        for (name, time, processor) in self.measure(rounds) {
            let [[low, median, high], [least, middle, most]] = [time, processor];
            println!("  {name:<44} {median:.2} [{low:.2}, {high:.2}]  {middle:.2} [{least:.2}, {most:.2}]");
        }
    }

    /// Each name with the quartiles of its shares of the floor's time, as [`measure`](Self::measure) takes them.
    pub fn shares(self, rounds: usize) -> Vec<(String, [f64; 3])> {
        self.measure(rounds).into_iter().map(|(name, time, _)| (name, time)).collect()
    }

    /// Times `rounds` turns of each contestant, and compares each turn with the floor's turn of the same round.
    /// Returns each name with the quartiles of its ratios: of the time, and of the processor time of all threads.
    #[allow(clippy::disallowed_methods)] // a benchmark times
    pub fn measure(mut self, rounds: usize) -> Vec<(String, [f64; 3], [f64; 3])> {
        let mut turns: Vec<Vec<Turn>> = vec![Vec::with_capacity(rounds); self.contestants.len()];
        for round in 0..=rounds {
            for ((_, turn), turns) in self.contestants.iter_mut().zip(&mut turns) {
                let (begun, processor) = (Instant::now(), processor_time());
                turn();
                // The first round warms up.
                if round > 0 {
                    turns.push(Turn { time: begun.elapsed(), processor: processor_time() - processor });
                }
            }
        }
        let floor = turns[0].clone();
        let ratios = |own: &[Turn], part: fn(&Turn) -> Duration| {
            quartiles(own.iter().zip(&floor).map(|(own, floor)| part(own).div_duration_f64(part(floor))))
        };
        let names = self.contestants.into_iter().map(|(name, _)| name);
        let turns = names.zip(&turns);
        turns
            .map(|(name, own)| (name, ratios(own, |turn| turn.time), ratios(own, |turn| turn.processor)))
            .collect()
    }
}

/// What one turn took.
#[derive(Clone)]
struct Turn {
    time: Duration,
    processor: Duration,
}

/// Of all threads of this process, user and system together.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

impl std::fmt::Debug for Contest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contest").field("contestants", &self.contestants.len()).finish()
    }
}

fn quartiles(shares: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut shares: Vec<f64> = shares.collect();
    shares.sort_by(f64::total_cmp);
    [1, 2, 3].map(|part| shares[(shares.len() - 1) * part / 4])
}
