//! The token lifecycle over real sockets: a working day in fast motion, and ten thousand callers at once.

mod clockwork;
mod crowd;
mod herd;
mod reckoning;
mod service;
mod tally;
mod timetable;
mod working_day;
