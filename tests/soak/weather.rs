//! [`pass`]: the weather of a run, while the callers call.

use std::{thread, time::Duration};

use cg_auth_core::time::Now;

use crate::{figures::Figures, process, service::Service};

/// Lets `duration` pass: faults, calm, an outage and calm again, over and over. Looks at the process meanwhile.
pub(crate) fn pass(duration: Duration, service: &mut Service, figures: &Figures) {
    let spell = (duration / 20).clamp(Duration::from_millis(300), Duration::from_secs(3));
    let begun = Now::system().monotonic();
    let is_over = || Now::system().monotonic() - begun >= duration;
    while !is_over() {
        for (weather, spells) in [("mixed", 3), ("calm", 1), ("outage", 2), ("calm", 2)] {
            set(weather, service, figures);
            for _ in 0..spells {
                thread::sleep(spell);
                figures.sample(Now::system().monotonic() - begun, &process::look());
            }
        }
    }
    set("calm", service, figures);
}

fn set(weather: &str, service: &mut Service, figures: &Figures) {
    // The calm ends before a fault can happen, and begins once none can.
    if weather != "calm" {
        figures.end_calm();
    }
    service.set_weather(weather);
    if weather == "calm" {
        figures.begin_calm();
    }
}
