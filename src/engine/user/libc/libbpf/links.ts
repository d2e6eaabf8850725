/** struct bpf_link in C: replaced, pinned, opened, destroyed. */
export const LINKS_C = String.raw`
/* Links. */

int bpf_link__fd(const struct bpf_link *link) { return link->fd; }
const char *bpf_link__pin_path(const struct bpf_link *link) { return link->pin_path; }
void bpf_link__disconnect(struct bpf_link *link) { link->disconnected = true; }
int bpf_link__detach(struct bpf_link *link) { return bpf_link_detach(link->fd); }
int bpf_link__update_program(struct bpf_link *link, struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);
	return fd < 0 ? fd : bpf_link_update(link->fd, fd, NULL);
}

int bpf_link__destroy(struct bpf_link *link)
{
	if (!link)
		return 0;
	int result = link->fd >= 0 && close(link->fd) ? -errno : 0;
	free(link->pin_path);
	free(link);
	return result;
}

struct bpf_link *bpf_link__open(const char *path)
{
	int fd = __sys_bpf_get(path, 0);
	if (fd < 0) {
		warn("failed to open link at %s: %d\n", path, fd);
		return err_ptr(fd);
	}
	struct bpf_link *link = calloc(1, sizeof(*link));
	if (!link) {
		close(fd);
		return err_ptr(-ENOMEM);
	}
	link->fd = fd;
	link->pin_path = strdup(path);
	return link;
}

int bpf_link__pin(struct bpf_link *link, const char *path)
{
	if (link->pin_path)
		return err(-EBUSY);
	int result = pin(link->fd, path);
	if (result < 0)
		return err(result);
	link->pin_path = strdup(path);
	return 0;
}

int bpf_link__unpin(struct bpf_link *link)
{
	if (!link->pin_path)
		return err(-EINVAL);
	if (unlink(link->pin_path))
		return -errno;
	free(link->pin_path);
	link->pin_path = NULL;
	return 0;
}
`;
