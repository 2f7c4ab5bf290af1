import './tokens.css';
import './base.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { Tooltip } from '@base-ui/react/tooltip';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, loadFirstView } from './app.tsx';
import { ContextMenuArea } from './parts/ContextMenuArea.tsx';
import { startSync } from './stores/sync.ts';
import { enterWithToken } from './transport/page-access.ts';

const [, token, route = ''] = /^#token=([\w-]+)(#.*)?$/.exec(window.location.hash) ?? [];
if (token !== undefined) {
  // in place of the entry URL, which the history would keep
  window.history.replaceState(null, '', `/${route}`);
  await enterWithToken(token);
}

// first, because browsers send few requests at a time
startSync();
loadFirstView();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <Tooltip.Provider delay={500}>
          <App />
          <ContextMenuArea />
        </Tooltip.Provider>
      </CSPProvider>
    </StrictMode>,
  );
}
