//! The JSON schemas of the control API's requests and answers.

mod answers;
mod parts;
mod requests;
mod script;

pub(super) use self::{
    answers::{
        added_script, arrived, clock, digest, error, faults, health, index, open_api, requests,
        script_summary, scripts, settings, state, user, users,
    },
    requests::{clock_change, digest_of, new_user, parameter, revocation, settings_change, user_change},
    script::script,
};
