//! Test doubles for programs that embed this crate: [`ManualClock`] moves only when the test moves it, and
//! [`ScriptedTransport`] plays prepared answers. Feature `test-util`.

mod manual_clock;
mod scripted_transport;

pub use self::{manual_clock::ManualClock, scripted_transport::ScriptedTransport};
