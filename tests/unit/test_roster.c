#include "tests/unit/folderkit.h"

#include <fcntl.h>

static const char keyed[] = "match: {hosts: [k.example]}\n"
			    "sign: {key: ../k.key, certificate: ../k.pem, x5u: "
			    "\"https://a.example/k.pem\", attest: A}\n";

static void listing(void)
{
	struct kit k;

	kit_begin(&k);
	kit_expect(&k, "an empty folder", "", 0);
	CHECK(directory_count(k.directory) == 0 && !directory_fallback(k.directory), "nobody");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/.c.yaml", "match: {hosts: [c.example]}\n");
	kit_put(&k, "tenants/d.yaml~", "match: {hosts: [d.example]}\n");
	kit_put(&k, "tenants/e.yml", "match: {hosts: [e.example]}\n");
	kit_put(&k, "tenants/.yaml", "match: {hosts: [f.example]}\n");
	kit_put(&k, "tenants/README", "nothing\n");
	kit_expect(&k, "only *.yaml", "+a +b", 0);
	CHECK(directory_at(k.directory, 0) == kit_tenant(&k, "a"), "sorted");
	if (mkdir(kit_path(&k, "tenants/g.yaml"), 0700) < 0)
		exit(1);
	kit_put(&k, "tenants/bad name.yaml", "match: {hosts: [h.example]}\n");
	kit_expect(&k, "a folder, and no name", "!bad name !g", 2);
	CHECK(kit_found(&k, "tenants/g.yaml", "not a regular file"), "says so of the folder");
	CHECK(kit_found(&k, "tenants/bad name.yaml", "this tenant is not served"),
	      "and of the name");
	CHECK(directory_count(k.directory) == 2, "the others are there");
	kit_end(&k);
}

static void set_time(const char *path, time_t seconds)
{
	struct timespec both[2] = { { seconds, 0 }, { seconds, 0 } };

	if (utimensat(AT_FDCWD, path, both, 0) < 0)
		exit(1);
}

static void write_over(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		exit(1);
}

static void changes(void)
{
	struct tenant *a, *b;
	struct kit k;

	kit_begin(&k);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_expect(&k, "two", "+a +b", 0);
	a = kit_tenant(&k, "a");
	b = kit_tenant(&k, "b");
	kit_expect(&k, "nothing", "", 2);
	CHECK(kit_tenant(&k, "a") == a && kit_tenant(&k, "b") == b, "the same objects");
	set_time(kit_path(&k, "tenants/a.yaml"), 1000);
	kit_expect(&k, "another time, the same text", "", 2);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_expect(&k, "another inode, the same text", "", 2);
	CHECK(kit_tenant(&k, "a") == a, "the same object");
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [aa.example]}\n");
	kit_expect(&k, "another text", "~a", 1);
	CHECK(kit_tenant(&k, "a") != a && kit_tenant(&k, "b") == b, "a new one of the two");
	set_time(kit_path(&k, "tenants/b.yaml"), 1000);
	kit_expect(&k, "an old time", "", 2);
	write_over(kit_path(&k, "tenants/b.yaml"), "match: {hosts: [c.example]}\n");
	set_time(kit_path(&k, "tenants/b.yaml"), 1000);
	kit_expect(&k, "the same inode, size and time, another text", "~b", 1);
	kit_remove(&k, "tenants/a.yaml");
	kit_expect(&k, "one gone", "-a", 1);
	CHECK(!kit_tenant(&k, "a") && directory_count(k.directory) == 1, "it is");
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [cc.example]}\n");
	kit_remove(&k, "tenants/b.yaml");
	kit_expect(&k, "come and gone", "+a +c -b", 0);
	kit_end(&k);
}

static void keys(void)
{
	struct tenant *a;
	struct kit k;

	kit_begin(&k);
	kit_key(&k, "k");
	kit_put(&k, "tenants/a.yaml", keyed);
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_expect(&k, "with a key", "+a +b", 0);
	a = kit_tenant(&k, "a");
	CHECK(a && a->keys && keystore_count(a->keys) == 1, "it is loaded");
	kit_expect(&k, "nothing", "", 2);
	set_time(kit_path(&k, "k.key"), 1000);
	kit_expect(&k, "the key's time", "", 2);
	CHECK(kit_tenant(&k, "a") == a, "the same object");
	kit_key(&k, "k");
	kit_expect(&k, "another key and certificate", "~a", 1);
	a = kit_tenant(&k, "a");
	if (chmod(kit_path(&k, "k.key"), 0644) < 0)
		exit(1);
	kit_expect(&k, "others may read the key", "!a", 1);
	kit_put(&k, "tenants/a.yaml",
		"match: {hosts: [z.example]}\nsign: {key: ../k.key, x5u: "
		"\"https://a.example/k.pem\", attest: A}\n");
	kit_expect(&k, "and it is read anew", "!a", 1);
	CHECK(kit_found(&k, "tenants/a.yaml", "k.key") && kit_found(&k, "a.yaml", "0644"),
	      "says so");
	CHECK(kit_tenant(&k, "a") == a, "the version in use stays");
	kit_put(&k, "k.key", "nonsense\n");
	kit_put(&k, "tenants/a.yaml", keyed);
	kit_expect(&k, "nonsense for a key", "!a", 1);
	CHECK(kit_tenant(&k, "a") == a, "the version in use stays again");
	kit_remove(&k, "k.key");
	kit_expect(&k, "no key", "!a", 1);
	kit_key(&k, "k");
	kit_expect(&k, "a key again", "~a", 1);
	CHECK(kit_tenant(&k, "a") && kit_tenant(&k, "a") != a, "a new object");

	a = kit_tenant(&k, "a");
	kit_put(&k, "tenants/b.yaml",
		"match: {hosts: [b.example]}\nverify: {certificates: "
		"{\"https://b.example/c\": ../peer.pem}}\n");
	kit_expect(&k, "no certificate of a peer", "!b", 1);
	CHECK(kit_found(&k, "b.yaml", "peer.pem"), "says so");
	kit_key(&k, "peer");
	kit_expect(&k, "one", "~b", 1);
	CHECK(!a->certs.configured && kit_tenant(&k, "b")->certs.configured, "b's own");
	kit_key(&k, "peer");
	kit_expect(&k, "another one", "~b", 1);
	kit_end(&k);
}

static void broken(void)
{
	struct tenant *a;
	struct kit k;

	kit_begin(&k);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]\n");
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [c.example]}\n");
	kit_expect(&k, "one broken from the start", "+a !b +c", 0);
	CHECK(kit_found(&k, "b.yaml", ":"), "says where");
	CHECK(kit_found(&k, "b.yaml", "not served"), "says what follows");
	a = kit_tenant(&k, "a");
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\nsign: {atest: A}\n");
	kit_expect(&k, "one more", "!a !b", 1);
	CHECK(kit_found(&k, "a.yaml:2", "atest") && kit_found(&k, "a.yaml", "in use stays"),
	      "says so");
	CHECK(kit_tenant(&k, "a") == a, "the version in use stays");
	kit_expect(&k, "told again", "!a !b", 1);
	kit_put(&k, "tenants/a.yaml", "");
	kit_expect(&k, "an empty file has no criteria", "!a !b", 1);
	CHECK(kit_tenant(&k, "a") == a, "the version in use stays for that, too");
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_expect(&k, "both healed, one as it was", "+b", 2);
	kit_put(&k, "tenants/a.yaml", "nonsense");
	kit_expect(&k, "broken", "!a", 2);
	kit_remove(&k, "tenants/a.yaml");
	kit_expect(&k, "broken and removed", "-a", 2);
	kit_end(&k);
}

static void refused(void)
{
	struct directory *d;
	struct kit k;

	kit_begin(&k);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_main(&k, "tenants: {folder: tenants, max: 2}\n");
	kit_expect(&k, "as many as allowed", "+a +b", 0);
	d = k.directory;
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [c.example]}\n");
	CHECK(!kit_read(&k) && strstr(k.why, "tenants.max") && k.directory == d, "%s", k.why);
	kit_main(&k, "tenants: {folder: tenants, max: 3}\n");
	k.parts.max = 2;
	CHECK(!kit_read(&k) && strstr(k.why, "2 allowed"), "more need a restart: %s", k.why);
	k.parts.max = 3;
	kit_expect(&k, "after it", "+c", 2);
	kit_remove(&k, "tenants/c.yaml");
	kit_expect(&k, "and gone", "-c", 2);
	kit_main(&k, "tenants: {folder: tenants, fallback: yes}\nsign: {key: no.key, x5u: "
		     "\"https://a.example/\", attest: A}\n");
	CHECK(!kit_read(&k) && strstr(k.why, "no.key"), "the main file's own key: %s", k.why);
	kit_main(&k, "tenants: {folder: tenants, fallback: yes}\n");
	kit_expect(&k, "a fallback", "", 2);
	CHECK(directory_fallback(k.directory) == kit_tenant(&k, "default"), "the main file's");
	kit_put(&k, "tenants/default.yaml", "match: {hosts: [d.example]}\n");
	kit_expect(&k, "the fallback's name", "!default", 2);
	CHECK(kit_found(&k, "default.yaml", "tenant.name"), "says so");
	kit_remove(&k, "tenants/default.yaml");
	if (rename(kit_path(&k, "tenants"), kit_path(&k, "away")) < 0)
		exit(1);
	d = k.directory;
	CHECK(!kit_read(&k) && strstr(k.why, "tenants.folder") && k.directory == d, "%s", k.why);
	kit_main(&k, "tenants: {folder: \"\"}\n");
	kit_expect(&k, "no folder any more", "-a -b", 0);
	CHECK(directory_fallback(k.directory) && directory_count(k.directory) == 0, "one tenant");
	kit_end(&k);
}

static void conflicts(void)
{
	struct tenant *a, *b;
	struct kit k;

	kit_begin(&k);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [c.example]}\n");
	kit_expect(&k, "three", "+a +b +c", 0);
	a = kit_tenant(&k, "a");
	b = kit_tenant(&k, "b");

	kit_put(&k, "tenants/Aaa.yaml", "match: {hosts: [C.example]}\n");
	kit_expect(&k, "a new one that wants what is another's", "!Aaa", 3);
	CHECK(kit_found(&k, "Aaa.yaml", "and c have the same criteria"), "names both");
	CHECK(!kit_tenant(&k, "Aaa"), "is not served");
	kit_remove(&k, "tenants/Aaa.yaml");

	kit_put(&k, "tenants/a.yaml", "match: {hosts: [c.example]}\n");
	kit_expect(&k, "a changed one", "!a", 2);
	CHECK(kit_tenant(&k, "a") == a && kit_found(&k, "a.yaml", "in use stays"),
	      "stays as it was");

	kit_put(&k, "tenants/a.yaml", "match: {hosts: [b.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [a.example]}\n");
	kit_expect(&k, "two that change places", "~a ~b", 1);

	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_expect(&k, "and back", "~a ~b", 1);
	a = kit_tenant(&k, "a");
	b = kit_tenant(&k, "b");

	/* b may not have c's place and keeps its own, which a wanted, which keeps its own, which a
	 * new one wanted */
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [b.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [c.example]}\n");
	kit_put(&k, "tenants/n.yaml", "match: {hosts: [a.example]}\n");
	kit_expect(&k, "a chain", "!a !b !n", 1);
	CHECK(kit_tenant(&k, "a") == a && kit_tenant(&k, "b") == b && !kit_tenant(&k, "n"),
	      "everybody keeps what was his");

	kit_put(&k, "tenants/c.yaml", "match: {hosts: [new.example]}\n");
	kit_expect(&k, "until c goes away", "~a ~b ~c +n", 0);
	kit_put(&k, "tenants/x.yaml", "match: {hosts: [x.example]}\n");
	kit_put(&k, "tenants/y.yaml", "match: {hosts: [x.example]}\n");
	kit_expect(&k, "two new ones", "+x !y", 4);
	kit_end(&k);
}

static void main_file(void)
{
	struct tenant *a, *b;
	struct kit k;

	kit_begin(&k);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\nverify: {max-age: 7s}\n");
	kit_expect(&k, "two", "+a +b", 0);
	a = kit_tenant(&k, "a");
	kit_main(&k, "");
	kit_expect(&k, "the main file read again", "", 2);
	CHECK(kit_tenant(&k, "a") == a, "the same object");
	kit_main(&k, "verify: {max-age: 5s}\n");
	kit_expect(&k, "what tenants take from it differs", "", 2);
	CHECK(kit_tenant(&k, "a") != a && kit_tenant(&k, "a")->set->verify.max_age == 5, "taken");
	b = kit_tenant(&k, "b");
	CHECK(b->set->verify.max_age == 7, "its own setting counts more");
	kit_main(&k, "verify: {max-age: 5s}\ncerts: {lab: yes}\n");
	kit_expect(&k, "the laboratory", "", 2);
	CHECK(kit_tenant(&k, "a")->verify.url_rules == SK_URL_LAB, "taken, too");

	/* good under one main file, not under the other */
	kit_key(&k, "k");
	kit_put(&k, "tenants/a.yaml",
		"match: {hosts: [a.example]}\nsign: {key: ../k.key, certificate: ../k.pem, x5u: "
		"\"https://a.example:99/k.pem\", attest: A}\n");
	kit_expect(&k, "a port for the laboratory", "~a", 1);
	a = kit_tenant(&k, "a");
	kit_main(&k, "verify: {max-age: 5s}\n");
	kit_expect(&k, "outside of it", "!a", 1);
	CHECK(kit_tenant(&k, "a") == a, "the version in use stays");
	kit_expect(&k, "and is told again", "!a", 1);
	kit_main(&k, "verify: {max-age: 5s}\ncerts: {lab: yes}\n");
	kit_expect(&k, "until it is one again", "", 2);
	CHECK(kit_tenant(&k, "a") && kit_tenant(&k, "a") != a, "made anew");
	kit_end(&k);
}

static void compare(struct kit *k, char out[2048])
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		exit(1);
	CHECK(roster_compare(k->conf, k->directory, kit_path(k, "running"), to, k->why), "%s",
	      k->why);
	fclose(to);
	snprintf(out, 2048, "%s", text);
	free(text);
}

/* Wherever it ends too early, what it lacks is no news of a reload. */
static void cut_off(struct kit *k)
{
	FILE *f = fopen(kit_path(k, "running"), "r");
	char text[65536];
	size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (len == 0 || fclose(f) != 0)
		exit(1);
	for (size_t cut = 1; cut < len; cut += cut < 10 ? 1 : len / 8) {
		text[len - cut] = '\0';
		kit_put(k, "running", text);
		CHECK(!roster_compare(k->conf, k->directory, kit_path(k, "running"), stdout,
				      k->why) &&
			      strstr(k->why, "cut off"),
		      "%zu of %zu bytes less: %s", cut, len, k->why);
	}
}

static void running(void)
{
	struct stat st;
	char out[2048];
	struct kit k;

	kit_begin(&k);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_expect(&k, "two", "+a +b", 0);
	CHECK(!roster_compare(k.conf, k.directory, kit_path(&k, "running"), stdout, k.why) &&
		      strstr(k.why, "running"),
	      "not written yet: %s", k.why);
	CHECK(roster_write_running(k.directory, kit_path(&k, "running"), k.why), "%s", k.why);
	CHECK(stat(kit_path(&k, "running"), &st) == 0 && (st.st_mode & 0777) == 0600,
	      "only its owner reads it");
	CHECK(access(kit_path(&k, "running.new"), F_OK) < 0, "nothing is left beside it");
	compare(&k, out);
	CHECK(strstr(out,
		     "change 0 settings of the main file, add 0 tenants, change 0 and remove 0"),
	      "nothing: %s", out);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [aa.example]}\n");
	kit_remove(&k, "tenants/b.yaml");
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [c.example]}\n");
	kit_main(&k, "verify: {max-age: 5s}\n");
	kit_expect(&k, "all kinds", "~a +c -b", 0);
	compare(&k, out);
	CHECK(strstr(out, "tenant ~ a\n") && strstr(out, "tenant + c\n") &&
		      strstr(out, "tenant - b\n"),
	      "each is named: %s", out);
	CHECK(strstr(out, "verify.max-age: 60s -> 5s") || strstr(out, "verify.max-age: 1m -> 5s"),
	      "the setting is named: %s", out);
	CHECK(strstr(out, "add 1 tenants, change 1 and remove 1"), "and counted: %s", out);
	cut_off(&k);
	kit_put(&k, "running", "# tenant zz a\n# settings\n");
	CHECK(!roster_compare(k.conf, k.directory, kit_path(&k, "running"), stdout, k.why),
	      "not ours");
	kit_put(&k, "running", "");
	CHECK(!roster_compare(k.conf, k.directory, kit_path(&k, "running"), stdout, k.why),
	      "empty");
	CHECK(!roster_write_running(k.directory, kit_path(&k, "no/running"), k.why) &&
		      strstr(k.why, "tenants.running"),
	      "nowhere to write: %s", k.why);
	kit_end(&k);
}

/* --check has nothing in use: what runs is known by the file alone. */
static void running_broken(void)
{
	char out[2048];
	struct kit k;

	kit_begin(&k);
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [c.example]}\n");
	kit_expect(&k, "three", "+a +b +c", 0);
	CHECK(roster_write_running(k.directory, kit_path(&k, "running"), k.why), "%s", k.why);
	directory_unref(k.directory);
	k.directory = NULL;
	kit_put(&k, "tenants/a.yaml", "match: {hots: [a.example]}\n");
	kit_put(&k, "tenants/d.yaml", "match: {hots: [d.example]}\n");
	kit_remove(&k, "tenants/c.yaml");
	kit_expect(&k, "as --check reads", "!a +b !d", 0);
	compare(&k, out);
	CHECK_STR(out,
		  "tenant ! a: broken, the version in use stays\n"
		  "tenant - c\n"
		  "a reload would change 0 settings of the main file, add 0 tenants, change 0 and "
		  "remove 1\n"
		  "and leave 1 as they run, whose files are broken\n",
		  "a stays, c goes, d never was");
	kit_main(&k, "tenants: {folder: tenants, fallback: yes}\ntenant: {name: a}\n");
	compare(&k, out);
	CHECK(strstr(out, "tenant - a\n") && strstr(out, "remove 2\n"),
	      "its name is the main file's tenant's now: %s", out);
	kit_main(&k, "tenants: {folder: \"\"}\n");
	compare(&k, out);
	CHECK(strstr(out, "tenant - a\n") && strstr(out, "remove 2\n"), "no folder: %s", out);
	kit_end(&k);
}

int main(void)
{
	listing();
	changes();
	keys();
	broken();
	refused();
	conflicts();
	main_file();
	running();
	running_broken();
	return check_result();
}
