/** The entry of the browser front end: exchanges the token in the address for access, then leads to the page. */
import './tokens.css';
import './base.css';
import './enter.css';
import { enterWithToken } from './transport/page-access.ts';

const [, token = '', route = ''] = /^#token=([\w-]+)(#.*)?$/.exec(location.hash) ?? [];
const denied = await enterWithToken(token);
if (denied === undefined) {
  // without an entry in the history, in which the token would stay
  location.replace(`/${route}`);
} else {
  history.replaceState(null, '', location.pathname);
  const text = document.getElementById('denied');
  if (text) {
    text.textContent = denied;
    text.hidden = false;
  }
}
