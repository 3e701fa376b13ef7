//! [`pass`]: the phases of a run, with and without faults.

use std::{thread, time::Duration};

use cg_auth_core::time::Now;

use crate::{figures::Figures, process::Process, service::Service};

/// Lets `duration` pass: faults, calm, an outage and calm again, over and over. Samples the process after each step.
pub(crate) fn pass(duration: Duration, service: &mut Service, figures: &Figures) {
    let step = (duration / 20).clamp(Duration::from_millis(300), Duration::from_secs(3));
    let begun = Now::system().monotonic();
    let is_over = || Now::system().monotonic() - begun >= duration;
    while !is_over() {
        for (phase, steps) in [("mixed", 3), ("calm", 1), ("outage", 2), ("calm", 2)] {
            set(phase, service, figures);
            for _ in 0..steps {
                thread::sleep(step);
                figures.sample(Now::system().monotonic() - begun, &Process::now());
            }
        }
    }
    set("calm", service, figures);
}

fn set(phase: &str, service: &mut Service, figures: &Figures) {
    // The calm ends before a fault can happen, and begins once none can.
    if phase != "calm" {
        figures.end_calm();
    }
    service.set_phase(phase);
    if phase == "calm" {
        figures.begin_calm();
    }
}
