/*
 * Runs every file of a corpus through a fuzz target once, so that what a fuzzer
 * found stays found, also with a compiler that has no fuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *folder, const char *name)
{
	static uint8_t data[1 << 20];
	char path[4096];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 0;
	}
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	/* an exact copy on the heap, so that a read past its end is seen */
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		return 0;
	for (size_t i = 0; i < len; i++)
		copy[i] = data[i];
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	return 1;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);

		if (!dir) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
			if (e->d_name[0] == '.')
				continue;
			if (run_file(argv[i], e->d_name))
				passed++;
			else
				failed++;
		}
		closedir(dir);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
