//! A `Session` under any order of events, with clocks that jump and stop.

mod given;
mod model;

use arbitrary::Unstructured;

use self::{given::Event, model::Model};

/// The input is a sequence of events.
pub fn check(input: &[u8]) {
    let mut input = Unstructured::new(input);
    let (Ok(seed), Ok(has_boot_clock)) = (input.arbitrary(), input.arbitrary()) else { return };
    let mut model = Model::new(seed, has_boot_clock);
    for _ in 0..MOST_EVENTS {
        if input.is_empty() {
            break;
        }
        let Ok(event) = input.arbitrary::<Event>() else { break };
        model.put(&event);
    }
    model.find_the_way_out();
}

const MOST_EVENTS: usize = 200;
