import './tokens.css';
import './base.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { Tooltip } from '@base-ui/react/tooltip';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, loadFirstView } from './app.tsx';
import { ContextMenuArea } from './parts/ContextMenuArea.tsx';
import { startSync } from './stores/sync.ts';

loadFirstView();
startSync();

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
