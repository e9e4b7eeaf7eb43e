/*
 * The configuration that goes with the laboratory.  Files stand there by bare
 * name: the loader looks for them beside the configuration.
 */
#include "cli/lab.h"

#include <stdio.h>
#include <stdlib.h>

static void print_certificates(FILE *to, const struct lab_wish *wish)
{
	fprintf(to,
		"  certificates:  # known without asking; --x5u of a bad one shows how it fails\n");
	fprintf(to, "    \"%s/sp.pem\": sp.pem\n", wish->x5u_base);
	if (wish->draft_key)
		fprintf(to, "    \"%s/draft.pem\": draft.pem\n", wish->x5u_base);
	for (size_t i = 0; i < lab_leaf_count(); i++) {
		const struct lab_leaf *leaf = lab_leaf_at(i);

		/* a file that is no chain at all is refused when the configuration is loaded */
		if (leaf->above != BY_MANY)
			fprintf(to, "    \"%s/%s.pem\": %s.pem\n", wish->x5u_base, leaf->name,
				leaf->name);
	}
}

static void print_config(FILE *to, const struct lab_wish *wish)
{
	fprintf(to,
		"# A laboratory, made by `shaken lab`.  Its keys protect nothing: never on a "
		"public network.\n"
		"sip:\n"
		"  listen:\n"
		"    - \"udp:%s\"\n"
		"tenant:\n"
		"  name: lab\n"
		"  mode: auto\n"
		"sign:\n"
		"  key: sp.key\n"
		"  certificate: sp.pem\n"
		"  x5u: \"%s/sp.pem\"\n"
		"  attest: A\n"
		"verify:\n",
		wish->listen, wish->x5u_base);
	print_certificates(to, wish);
	fprintf(to, "trust:\n"
		    "  anchors:\n"
		    "    - root.pem\n"
		    "  crls:\n"
		    "    - crl.pem\n"
		    "  crl-signers:\n"
		    "    - intermediate.pem\n"
		    "  # instead of anchors and crls, the policy administrator's lists:\n"
		    "  # administrator: [admin.pem]\n"
		    "  # ca-list: ca-list.jws\n"
		    "  # ca-list-certificate: ca-list-signer.pem\n"
		    "  # crls: [admin-crl.pem]\n"
		    "certs:\n"
		    "  tls-ca: tls-ca.pem\n"
		    "  lab: yes\n");
}

bool lab_make_config(const struct lab_wish *wish)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	bool ok;

	if (!to) {
		perror("shaken lab: redirector.yaml");
		return false;
	}
	print_config(to, wish);
	ok = fclose(to) == 0 && lab_write(wish->dir, "redirector.yaml", false, text, len);
	free(text);
	return ok;
}
