/** `file:line:column: path: message`, as compilers print it and editors jump to it. */
export function diagnosticLine(diagnostic) {
    const { file, line, column, path, message } = diagnostic;
    return [`${file}:${line}:${column}`, ...(path === '' ? [] : [path]), message].join(': ');
}
/** `events[0].move` from its parts. */
export function pathText(path) {
    let text = '';
    for (const part of path) {
        if (typeof part === 'number')
            text += `[${part}]`;
        else
            text += text === '' ? part : `.${part}`;
    }
    return text;
}
/** The findings in zod's issues; a union counts by the member that fits best. */
export function findingsOf(issues, base) {
    return issues.flatMap((issue) => {
        const path = [...base, ...issue.path];
        if (issue.code === 'unrecognized_keys') {
            const messages = issue.message.split('\n');
            return issue.keys.map((key, index) => ({
                path: [...path, key],
                message: messages[index] ?? issue.message,
                atKey: true,
            }));
        }
        if (issue.code === 'invalid_union') {
            const member = issue.errors.find(descended);
            if (member !== undefined)
                return findingsOf(member, path);
        }
        if (issue.code === 'invalid_key') {
            return [{ path, message: issue.message, atKey: true }];
        }
        return [{ path, message: issue.message }];
    });
}
/** Is the fault inside the value, so that this member of the union was meant? */
function descended(issues) {
    return (issues.length > 0 &&
        issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'));
}
