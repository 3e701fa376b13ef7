// Run with: cg-auth emulator -- mvn test
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EmulatorTest {
    private static final String CONTROL = System.getenv("CG_AUTH_CONTROL_URL");

    private static int control(String path, String body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(CONTROL + path))
            .POST(BodyPublishers.ofString(body)).build();
        var client = HttpClient.newHttpClient();
        return client.send(request, BodyHandlers.discarding()).statusCode();
    }

    @BeforeEach
    void reset() throws Exception {
        assertEquals(204, control("/reset", ""));
    }

    @Test
    void theProgramRenewsItsTokenAfterTheExpiry() throws Exception {
        var program = new YourProgram(System.getenv("CG_AUTH_BASE_URL"));
        program.call();
        assertEquals(200, control("/clock", "{\"advance_seconds\":3600}"));
        program.call();
    }
}
