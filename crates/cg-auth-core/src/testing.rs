//! Stand-ins for tests of programs that embed this crate: a clock that stands still until it is moved, and
//! a transport that plays a script. Feature `test-util`.

mod manual_clock;
mod scripted_transport;

pub use self::{manual_clock::ManualClock, scripted_transport::ScriptedTransport};
