# Run with: cg-auth emulator -- pwsh -Command Invoke-Pester
Describe 'my program' {
    BeforeEach {
        Invoke-RestMethod -Method Post "$Env:CG_AUTH_CONTROL_URL/reset"
    }

    It 'renews its token after the expiry' {
        ./my-program.ps1 | Should -Be 'ok'
        $hour = '{"advance_seconds":3600}'
        Invoke-RestMethod -Method Post "$Env:CG_AUTH_CONTROL_URL/clock" -Body $hour
        ./my-program.ps1 | Should -Be 'ok'
    }
}
