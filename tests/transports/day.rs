//! The token lifecycle over real sockets: a working day in fast motion, and ten thousand callers at once.

mod crowd;
mod day_clock;
mod figures;
mod herd;
mod minimum_requests;
mod service;
mod timetable;
mod working_day;
