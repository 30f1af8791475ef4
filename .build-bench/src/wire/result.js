export const ok = (value) => ({ ok: true, value });
export const fail = (error) => ({
    ok: false,
    error,
});
