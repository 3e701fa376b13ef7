//! [`Defect`]: one way in which a transport breaks its contract.

/// Declares the defects once: the enum and the list of all.
macro_rules! defects {
    ($($(#[doc = $text:literal])+ $defect:ident,)+) => {
        /// One way in which a transport breaks its contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Defect {
            $($(#[doc = $text])+ $defect,)+
        }

        impl Defect {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$defect),+];
        }
    };
}

defects! {
    // Rule 1.
    /// Sends the request to the `location` of a redirect.
    FollowsRedirects,

    // Rule 2.
    /// Reads far beyond the limit before it notices.
    BoundsABodyTooLate,
    /// Reads a body although its announced length is beyond the limit.
    IgnoresTheAnnouncedLength,
    /// Refuses a body of exactly the limit.
    LimitIsOneByteShort,
    /// Accepts a head with thousands of lines.
    AcceptsALongHead,
    /// Reads on after it has given a connection up.
    ReadsOnAfterAnError,

    // Rule 3.
    /// Sends the request again after the peer may have read it.
    SendsAgainAfterALoss,
    /// Sends the request again after a 503.
    SendsAgainWhenTheServiceIsBusy,
    /// Sends each answered GET once more.
    SendsAGetTwice,
    /// Sends each answered request but the first once more.
    SendsTwice,

    // Rule 4.
    /// Sends each DELETE as a POST.
    ReplacesTheMethod,
    /// Resolves `.` and `..` in the path.
    NormalisesDots,
    /// Makes one slash of two.
    MergesSlashes,
    /// Decodes what it thinks needs no percent-encoding.
    DecodesTheTarget,
    /// Percent-encodes what it thinks needs it.
    EncodesTheTarget,
    /// Removes a `?` with nothing behind it.
    DropsAnEmptyQuery,
    /// Removes the query.
    DropsTheQuery,
    /// Writes values in lower case.
    LowerCasesAValue,
    /// Makes one space of two inside a value.
    CollapsesSpaces,
    /// Replaces bytes beyond ASCII in a value.
    ReplacesBytesBeyondAscii,
    /// Drops headers whose names hold an underscore, as some servers do.
    DropsAHeader,
    /// Sends only the first value of a header.
    DropsTheSecondValue,
    /// Leaves the port out of `host`.
    HostHasNoPort,
    /// Sends cookies back.
    KeepsCookies,
    /// Offers compression.
    AddsAcceptEncoding,
    /// Says where it comes from.
    AddsAReferer,
    /// Waits for a 100 before the body.
    AddsExpect,
    /// Sends a body of known length in chunks.
    ChunksTheBody,
    /// Leaves out `content-length: 0` of an empty POST.
    AnnouncesNoEmptyBody,
    /// Sends no body with a DELETE.
    DropsTheBodyOfADelete,
    /// Ends a body with a line break.
    AddsToTheBody,

    // Rule 5.
    /// Decodes a `content-encoding`.
    DecodesTheBody,
    /// Trims white space around the body.
    TrimsTheBody,
    /// Replaces bytes that are not UTF-8.
    MakesTextOfTheBody,
    /// Returns the first piece of the body as the whole.
    ReadsOnlyTheFirstPiece,
    /// Takes a 103 for the answer.
    TakesAnInterimAnswer,
    /// Drops the headers of the answer but those that it knows.
    DropsAnAnswersHeader,
    /// Returns only the first value of an answer's header.
    DropsAnAnswersSecondValue,

    // Rule 6.
    /// Fails if an answer has no body.
    FailsWithoutABody,
    /// Makes an error of a status from 400 on.
    StatusIsAnError,
    /// Reports every answer as 200.
    SwallowsTheStatus,
    /// Panics where there is no runtime.
    PanicsOutsideARuntime,
    /// Takes a body that the connection cut off for whole.
    TakesACutBodyForWhole,
    /// Takes the body of a reset HTTP/2 stream for whole.
    TakesAResetStreamForWhole,
    /// Reports that no connection was made as the end of one.
    ConnectIsClosed,
    /// Reports that a request without a connection may have been sent.
    ConnectIsSent,
    /// Reports a failed TLS handshake as no connection.
    TlsIsConnect,
    /// Reports every failed TLS handshake as a refused certificate.
    TlsIsFinal,
    /// Reports a refused certificate as a failure that may pass.
    RefusedCertificateMayPass,
    /// Reports that a request was not sent if its connection ended.
    LossIsUnsent,
    /// Reports that a request may have been sent although it was not.
    UnsentIsSent,
    /// Reports the end of a connection as an invalid answer.
    ClosedIsMalformed,
    /// Reports an invalid answer as the end of the connection.
    MalformedIsClosed,
    /// Reports a body that is too long as an invalid answer.
    TooLargeIsMalformed,
    /// Reports a wrong configuration as no connection.
    ConfigIsConnect,
    /// Says nothing that helps.
    ErrorsSayNothing,
    /// Trusts a certificate of any issuer.
    TrustsAnyIssuer,
    /// Trusts a certificate whatever host it is for.
    TrustsAnyHost,
    /// Trusts a certificate that has expired.
    TrustsAnExpiredCertificate,
    /// Trusts a certificate that is not valid yet.
    TrustsACertificateBeforeItsTime,
    /// Presents no client certificate.
    PresentsNoCertificate,
    /// Fails if a kept connection has ended.
    ReplacesNoDeadConnection,
    /// Opens a connection for each request.
    KeepsNoConnection,

    // Rule 7.
    /// Goes on with the exchange after the caller has dropped it.
    GoesOnAfterADrop,
    /// Fails every call after one was dropped.
    IsUnusableAfterADrop,

    // Rule 8.
    /// Ends a call after a minute.
    EndsACallAfterAMinute,
    /// Ends a call at the connect timeout.
    ConnectTimeoutIsADeadline,
    /// Waits for a connection as long as it takes.
    IgnoresTheConnectTimeout,

    // Rule 9.
    /// Shows the last request in `Debug`.
    DebugShowsTheRequest,
    /// Shows the login of the proxy in `Debug`.
    DebugShowsTheProxy,
    /// Shows the private key of the client certificate in `Debug`.
    DebugShowsTheKey,
    /// Logs the headers of each request.
    LogsTheRequest,
    /// Quotes the request in its errors.
    ErrorsQuoteTheRequest,
    /// Quotes the answer in its errors.
    ErrorsQuoteTheAnswer,
    /// Quotes the URL of the proxy in its errors.
    ErrorsQuoteTheProxy,
    /// Quotes the debug data of a GOAWAY in its errors.
    ErrorsQuoteAGoaway,
    /// Marks no value as sensitive.
    LosesTheSensitiveMark,

    // Rule 10.
    /// Sends requests for loopback hosts to the proxy.
    LoopbackUsesTheProxy,
    /// Uses no proxy.
    UsesNoProxy,
    /// Sends the login of the proxy to the service.
    SendsTheLoginOn,
    /// Gives the proxy `https:` requests to read.
    OpensNoTunnel,
    /// Does not log in to the proxy.
    LogsInNowhere,

    // Rule 11.
    /// Connects `localhost` to where a wrong resolver says.
    BelievesTheResolverOfLocalhost,
    /// Connects `localhost` over IPv4 only.
    LocalhostIsIpv4,
    /// Takes `localhost.` for another name.
    LocalhostHasNoDot,

    // Rule 12.
    /// Takes a server that ignores ALPN for one of HTTP/2.
    SilenceIsHttp2,
    /// Offers HTTP/1.1 only.
    OffersNoHttp2,
    /// Speaks HTTP/1.1 although it knows that the server speaks HTTP/2.
    IgnoresPriorKnowledge,

    // Rule 13.
    /// Makes one call after the other.
    MakesOneCallAtATime,
    /// Mixes up the answers to calls at the same time.
    MixesUpAnswers,
}
