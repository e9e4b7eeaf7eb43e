/* What a user of the installed library writes first: sign a call, read it back. */
#include <shaken/shaken.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	static char pem[SK_KEY_FILE_MAX], identity[SK_IDENTITY_SIZE];
	struct sk_claims claims = { .iat = 1443208345,
				    .attest = SK_ATTEST_A,
				    .dest_count = 1,
				    .origid = "123e4567-e89b-12d3-a456-426655440000" };
	struct sk_dialplan plan = { .country = "1" };
	struct sk_credential *credential;
	struct sk_key *key;
	size_t len = fread(pem, 1, sizeof(pem) - 1, argc > 1 ? fopen(argv[1], "r") : stdin);

	if (sk_key_new(pem, len, &key) ||
	    sk_credential_new(SK_SPAN("https://cert.example.org/passport.cer"), SK_URL_STRICT,
			      SK_PPT_SHAKEN, sk_key_signer(key), &credential))
		return 1;
	if (sk_party_from_number(SK_SPAN("+1 215 555 1212"), &plan, SK_ROLE_ORIG, &claims.orig) ||
	    sk_party_from_number(SK_SPAN("+1 215 555 1213"), &plan, SK_ROLE_DEST, &claims.dest[0]))
		return 1;
	if (sk_sign(credential, &claims, identity, sizeof(identity), &len))
		return 1;
	puts(identity);
	return 0;
}
