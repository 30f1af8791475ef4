/** nginx as it comes, with a folder of its own for all that it writes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes what it needs into a folder and gives the command that serves the folder's files, in the
 * foreground.
 *
 * @param listen such as `[::]:8080`.
 * @param rate octets a second that each client gets, in one go each second; absent: all at once.
 */
export function nginxCommand(folder: string, listen: string, rate = 0): string[] {
  const conf = join(folder, 'nginx.conf');
  writeFileSync(
    conf,
    `user root; daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr;
events {}
http {
  access_log off; sendfile on; limit_rate ${rate};
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen ${listen}; root ${folder}; }
}
`,
  );
  return ['nginx', '-e', 'stderr', '-p', folder, '-c', conf];
}
