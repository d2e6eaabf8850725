/** struct ring_buffer in C: a callback for each record of a BPF_MAP_TYPE_RINGBUF. */
export const RING_BUFFERS_C = String.raw`
/* Ring buffers. */

struct ring { int fd; ring_buffer_sample_fn sample; void *ctx; };
struct ring_buffer { int rings; struct ring ring[16]; char record[65536]; };

int ring_buffer__add(struct ring_buffer *rb, int map_fd, ring_buffer_sample_fn sample, void *ctx)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	int result = bpf_map_get_info_by_fd(map_fd, &info, &length);
	if (result < 0) {
		warn("ringbuf: failed to get map info for fd=%d: %d\n", map_fd, result);
		return err(result);
	}
	if (info.type != BPF_MAP_TYPE_RINGBUF) {
		warn("ringbuf: map fd=%d is not BPF_MAP_TYPE_RINGBUF\n", map_fd);
		return err(-EINVAL);
	}
	if (rb->rings == 16)
		return err(-ENOMEM);
	rb->ring[rb->rings++] = (struct ring){ map_fd, sample, ctx };
	return 0;
}

struct ring_buffer *ring_buffer__new(int map_fd, ring_buffer_sample_fn sample, void *ctx, const struct ring_buffer_opts *opts)
{
	(void)opts;
	struct ring_buffer *rb = calloc(1, sizeof(*rb));
	if (!rb)
		return err_ptr(-ENOMEM);
	int result = ring_buffer__add(rb, map_fd, sample, ctx);
	if (result < 0) {
		free(rb);
		return err_ptr(result);
	}
	return rb;
}

int ring_buffer__consume(struct ring_buffer *rb)
{
	int count = 0;
	for (int i = 0; i < rb->rings; i++)
		for (int n; (n = __ringbuf_next(rb->ring[i].fd, rb->record, sizeof(rb->record))) >= 0; count++) {
			int result = rb->ring[i].sample(rb->ring[i].ctx, rb->record, n);
			if (result < 0)
				return err(result);
		}
	return count;
}

int ring_buffer__poll(struct ring_buffer *rb, int timeout_ms)
{
	int count = ring_buffer__consume(rb);
	if (count == 0 && timeout_ms > 0) {
		struct timespec t = { timeout_ms / 1000, timeout_ms % 1000 * 1000000l };
		nanosleep(&t, NULL);
		count = ring_buffer__consume(rb);
	}
	return count;
}

void ring_buffer__free(struct ring_buffer *rb) { free(rb); }
`;
